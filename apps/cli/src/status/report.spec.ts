import { describe, expect, it } from '@jest/globals';
import { type Condition, type EgressAddress, type EgressGateway, type EgressPool } from '@sluice/kube';
import { type ClusterObjects, statusReport } from './report.js';

const is = (type: string, status: Condition['status'], reason = 'Because', message = 'in words') => ({
  ...{ type, status, reason, message },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const gateway = (name: string, ...conditions: readonly Condition[]): EgressGateway => ({
  metadata: { name },
  spec: { nodeName: name, uplinkInterface: 'e0', zone: 'a', capacity: 4096, draining: false },
  status: { state: 'Ready', slots: 32, addresses: 1, conditions },
});

const pool = (name: string, ...conditions: readonly Condition[]): EgressPool => ({
  metadata: { name },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }],
    uplink: { nextHops: ['198.18.0.1'] },
    slots: 2,
    dualStack: 'Single',
  },
  status: {
    capacity: 32,
    free: 31,
    slots: [
      { slot: 0, holder: 'gw-1', epoch: 1, order: [] },
      { slot: 1, holder: 'gw-2', previous: 'gw-1', epoch: 1, order: [] },
    ],
    conditions,
  },
});

const address = (...conditions: readonly Condition[]): EgressAddress => ({
  metadata: { name: '198-18-0-100' },
  spec: {
    ...{ id: 1, pool: 'default', addresses: ['198.18.0.100'], slot: 0 },
    claim: { kind: 'Namespace', name: 'demo', uid: 'u' },
  },
  status: { holder: 'gw-1', conditions },
});

const good: ClusterObjects = {
  gateways: ['gw-1', 'gw-2'].map((name) =>
    gateway(name, is('Ready', 'True'), is('OVSReady', 'True'), is('UplinkReady', 'True')),
  ),
  pools: [pool('default', is('Ready', 'True'), is('Exhausted', 'False'), is('Degraded', 'False'))],
  addresses: [address(is('Held', 'True'), is('Announced', 'True'))],
  namespaces: [{ metadata: { name: 'other' } }],
};

const problems = (change: Partial<ClusterObjects>) =>
  statusReport({ ...good, ...change }).problems.map(({ kind, name, reason }) => `${kind}/${name} ${reason}`);

describe('the status report', () => {
  it('of a good cluster has no problem', () => {
    expect(statusReport(good)).toEqual({
      problems: [],
      unheld: [],
      gateways: [
        expect.objectContaining({
          name: 'gw-1',
          state: 'Ready',
          zone: 'a',
          slots: 1,
          shared: 1,
          addresses: 1,
        }),
        expect.objectContaining({ name: 'gw-2', slots: 1, shared: 0 }),
      ],
      pools: [{ name: 'default', ready: true, capacity: 32, free: 31, slotsHeld: 2, slots: 2 }],
      retiring: [{ pool: 'default', slots: [1], from: 'gw-1', to: 'gw-2' }],
      addresses: [expect.objectContaining({ claim: 'demo', gateway: 'gw-1', working: true })],
    });
  });

  it.each<[string, Partial<ClusterObjects>, string]>([
    [
      'a gateway that is not ready',
      { gateways: [gateway('gw-1', is('Ready', 'False', 'GatewaySilent'))] },
      'EgressGateway/gw-1 GatewaySilent',
    ],
    [
      'a gateway of unknown state',
      { gateways: [gateway('gw-1', is('Ready', 'Unknown', 'GatewayStarting'))] },
      'EgressGateway/gw-1 GatewayStarting',
    ],
    ['a gateway without status', { gateways: [gateway('gw-1')] }, 'EgressGateway/gw-1 NotReported'],
    [
      'an exhausted pool',
      { pools: [pool('p', is('Ready', 'True'), is('Exhausted', 'True', 'NoFreeAddress'))] },
      'EgressPool/p NoFreeAddress',
    ],
    [
      'an address that nobody announces',
      { addresses: [address(is('Held', 'True'), is('Announced', 'False', 'AddressConflict'))] },
      'EgressAddress/198-18-0-100 AddressConflict',
    ],
    ['no gateway', { gateways: [] }, 'Cluster/sluice NoGateway'],
    ['no pool', { pools: [] }, 'Cluster/sluice NoPool'],
  ])('tells of %s', (_, change, expected) => {
    expect(problems(change)).toEqual([expected]);
  });

  it('tells which addresses nobody carries', () => {
    const gateways = good.gateways.map((entry): EgressGateway => {
      return entry.metadata.name === 'gw-1'
        ? { ...entry, status: { ...entry.status, state: 'Lost' } }
        : entry;
    });
    expect(statusReport({ ...good, gateways }).unheld).toEqual([
      { pool: 'default', slots: [0], why: 'gw-1 is Lost', addresses: ['198.18.0.100'] },
    ]);
  });

  it('tells what was refused to a namespace', () => {
    const refused = [
      { state: 'Refused', reason: 'AddressNotInPool', message: 'take another', request: '1.2.3.4' },
    ];
    const metadata = { name: 'team', annotations: { 'sluice.dev/egress-status': JSON.stringify(refused) } };
    expect(statusReport({ ...good, namespaces: [{ metadata }] }).problems).toEqual([
      { kind: 'Namespace', name: 'team', reason: 'AddressNotInPool', message: 'take another' },
    ]);
  });
});
