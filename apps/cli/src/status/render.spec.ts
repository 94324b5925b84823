import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { renderStatus } from './render.js';
import { type StatusReport } from './report.js';

const report: StatusReport = {
  problems: [{ kind: 'EgressGateway', name: 'gw-2', reason: 'GatewaySilent', message: 'no lease' }],
  gateways: [
    {
      name: 'gw-1',
      state: 'Ready',
      slots: 64,
      addresses: 2,
      uplink: 'e0',
      tunnel: '172.31.0.1',
      ovs: '3.1.0 netdev',
    },
  ],
  pools: [{ name: 'default', ready: true, capacity: 32, free: 30, slotsHeld: 63, slots: 64 }],
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
    expect(renderStatus(report, 'table')).toBe(`Problems
OBJECT               REASON          WHAT
EgressGateway/gw-2   GatewaySilent   no lease

Gateways
NAME   STATE   SLOTS   ADDRESSES
gw-1   Ready   64      2

Pools
NAME      READY   CAPACITY   FREE   SLOTS HELD
default   yes     32         30     63/64

Addresses
CLAIM   ADDRESSES                       GATEWAY   WORKING
demo    198.18.0.100,2001:db8:18::100   gw-1      NO`);
  });

  it('says so when there are none, and leaves out what there is not', () => {
    const none = { problems: [], gateways: [], pools: [], addresses: [] };
    expect(renderStatus(none, 'table')).toBe('everything works');
  });

  it('tells more when wide', () => {
    const text = renderStatus(report, 'wide');
    for (const more of ['172.31.0.1', '3.1.0 netdev', 'SLOT']) expect(text).toContain(more);
  });

  it('is the same for programs', () => {
    expect(JSON.parse(renderStatus(report, 'json'))).toEqual(report);
    expect(parse(renderStatus(report, 'yaml'))).toEqual(report);
  });
});
