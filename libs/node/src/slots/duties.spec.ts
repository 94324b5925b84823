import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { type GlobalSlot, type Intent, nodeIdAnnotation, type World } from '@sluice/model';
import { Duties } from './duties.js';
import { type SlotKeeper } from './slot-keeper.js';

const uplink = {
  ...{ interface: 'eth1', mac: '02:5c:18:00:00:03', addresses: ['198.18.0.3/24'], mtu: 1500 },
};
const intent: Intent = {
  ...{ nodeId: 3, nodeName: 'gw', underlayMtu: 1500, underlayFamily: 4, peers: [] },
  gateway: { uplink, pools: [], egresses: [], services: [], healthChecks: [] },
};

/** Of a pool with id 1. */
const firstSlot: GlobalSlot = 1024;

/** One slot of two has one address, and the other one two. */
const world = (draining = false): World => ({
  ...{ namespaces: [], pods: [], serviceCidrs: [], services: [], endpointSlices: [], leases: [] },
  nodes: [
    { metadata: { name: 'gw', uid: '3', annotations: { [nodeIdAnnotation]: '3' } }, spec: {}, status: {} },
  ],
  gateways: [
    { metadata: { name: 'gw' }, spec: { nodeName: 'gw', uplinkInterface: 'eth1', capacity: 1, draining } },
  ],
  pools: [
    {
      metadata: { name: 'default' },
      spec: {
        ranges: [{ cidr: '198.18.0.96/30' }],
        uplink: { nextHops: ['198.18.0.1'] },
        slots: 2,
        dualStack: 'Single',
      },
      status: { id: 1, slots: [0, 1].map((slot) => ({ slot, order: ['gw'], holder: 'gw', epoch: 1 })) },
    },
  ],
  addresses: [
    [0, '198.18.0.96'],
    [1, '198.18.0.97'],
    [1, '198.18.0.98'],
  ].map(([slot, address], at) => ({
    metadata: { name: `default-${address}` },
    spec: {
      ...{ id: at + 1, pool: 'default', slot: Number(slot), addresses: [String(address)] },
      claim: { kind: 'Namespace', name: `shop-${at}`, uid: String(at) },
    },
  })),
});

function dutiesOf(now: () => World) {
  const open = new Set<GlobalSlot>();
  const told: Parameters<SlotKeeper['update']>[] = [];
  const sent: number[] = [];
  const keeper: SlotKeeper = {
    ...{ open, leaving: 0, start: () => undefined, stop: () => Promise.resolve() },
    ...{ switchChanged: () => undefined, onChange: () => undefined, onAnnounceAgain: () => undefined },
    update: (...update) => told.push(update),
  };
  const duties = new Duties({
    ...{ nodeName: 'gw', clock: new ManualClock(), keeper, world: now },
    send: (frames) => sent.push(frames.length),
  });
  return { duties, open, told, sent };
}

test('addresses of open slots are held, and announced as their slots open', () => {
  const { duties, open, sent } = dutiesOf(world);
  duties.programmed(world(), intent);
  duties.announce();
  expect([duties.held, sent]).toEqual([[], []]);
  open.add(firstSlot + 1);
  duties.announce();
  expect([duties.held, sent]).toEqual([['198.18.0.97', '198.18.0.98'], [2]]);
  open.add(firstSlot);
  duties.announce();
  duties.announce();
  expect(sent).toEqual([2, 1]);
});

test('the keeper hears of what is programmed, as the objects say it now', () => {
  let draining = false;
  const { duties, told } = dutiesOf(() => world(draining));
  duties.tellKeeper();
  expect(told).toEqual([]);
  duties.programmed(world(), intent);
  draining = true;
  duties.tellKeeper();
  expect(told).toMatchObject([[{ draining: new Set(['gw']), slots: [{}, {}] }, uplink]]);
});

test('a node that is no gateway any more holds nothing', () => {
  const { duties, open, told, sent } = dutiesOf(world);
  duties.programmed(world(), intent);
  open.add(firstSlot);
  const { gateway: _, ...agent } = intent;
  duties.programmed(world(), agent);
  duties.announce();
  duties.tellKeeper();
  expect([duties.held, told, sent]).toEqual([[], [], []]);
});
