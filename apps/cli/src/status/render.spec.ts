import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Output, render } from '../output.js';
import { renderStatus } from './render.js';
import { type StatusReport } from './report.js';

const print = (of: StatusReport, output: Output): string => render(of, output, renderStatus);

const report: StatusReport = {
  problems: [{ kind: 'EgressGateway', name: 'gw-2', reason: 'GatewaySilent', message: 'no lease' }],
  unheld: [{ pool: 'default', slots: [0, 1, 2], why: 'gw-2 is Lost', addresses: ['198.18.0.101'] }],
  gateways: [
    {
      name: 'gw-1',
      state: 'Draining',
      draining: true,
      slots: 60,
      shared: 4,
      addresses: 2,
      zone: 'zone-a',
      uplink: 'e0',
      tunnel: '172.31.0.1',
      ovs: '3.1.0 netdev',
    },
  ],
  pools: [{ name: 'default', ready: true, capacity: 32, free: 30, slotsHeld: 63, slots: 64 }],
  retiring: [{ pool: 'default', slots: [7, 9], from: 'gw-1', to: 'gw-3' }],
  addresses: [
    {
      addresses: ['198.18.0.100', '2001:db8:18::100'],
      claim: 'demo',
      pool: 'default',
      slot: 5,
      id: 17,
      gateway: 'gw-1',
      working: false,
    },
  ],
};

describe('the status', () => {
  it('has problems first', () => {
    expect(print(report, 'table')).toBe(`Problems
OBJECT               REASON          WHAT
EgressGateway/gw-2   GatewaySilent   no lease

Slots that nobody carries
POOL      SLOTS   WHY            ADDRESSES
default   0-2     gw-2 is Lost   198.18.0.101

Gateways
NAME   STATE      DRAINS   SLOTS   SHARED   ADDRESSES
gw-1   Draining   yes      60      4        2

Pools
NAME      READY   CAPACITY   FREE   SLOTS HELD
default   yes     32         30     63/64

Slots on their way
POOL      SLOTS   OLDER CONNECTIONS   NEW CONNECTIONS
default   7,9     gw-1                gw-3

Addresses
CLAIM   ADDRESSES                       GATEWAY   WORKING
demo    198.18.0.100,2001:db8:18::100   gw-1      NO`);
  });

  it('says so when there are none, and leaves out what there is not', () => {
    const none = { problems: [], unheld: [], gateways: [], pools: [], retiring: [], addresses: [] };
    expect(print(none, 'table')).toBe('everything works');
  });

  it('tells more when wide', () => {
    const text = print(report, 'wide');
    for (const more of ['172.31.0.1', '3.1.0 netdev', 'zone-a', 'SLOT']) expect(text).toContain(more);
  });

  it('is the same for programs', () => {
    expect(JSON.parse(print(report, 'json'))).toEqual(report);
    expect(parse(print(report, 'yaml'))).toEqual(report);
  });
});
