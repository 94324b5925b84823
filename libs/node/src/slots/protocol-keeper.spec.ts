import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '@sluice/core';
import { type GateEntry } from '@sluice/datapath';
import { type SlotView } from '@sluice/model';
import { Registry } from 'prom-client';
import { eventually } from '../../../coordination/src/testing/eventually.js';
import { logLines } from '../../../coordination/src/testing/log-lines.js';
import { ProtocolKeeper, type ProtocolKeeperOptions } from './protocol-keeper.js';
import { slotMetrics } from './slot-metrics.js';

const view: SlotView = {
  self: 'gateway-1',
  nodeId: 1,
  slots: [],
  peers: [],
  draining: new Set(),
  nextHops: [],
};

const uplink = { interface: 'eth1', mac: '02:00:00:00:00:01' };
const away = () => Promise.reject(new Error('not there'));
const silentWire = { update: () => undefined, stop: () => undefined, isUp: () => true, round: away };
const noStore = { renew: away, claim: away, assert: away, release: away, handOver: away };
let keeper: ProtocolKeeper | undefined;
afterEach(() => keeper?.stop());

function openKeeper(changes: Partial<ProtocolKeeperOptions> & Pick<ProtocolKeeperOptions, 'switchUp'>) {
  const { logger, lines } = logLines();
  keeper = new ProtocolKeeper({
    clock: systemClock,
    logger,
    gate: { gateEntries: () => Promise.resolve([]), changeGate: () => Promise.resolve() },
    wire: silentWire,
    store: noStore,
    closeStore: () => Promise.resolve(),
    map: { claim: away, record: away, withdraw: away },
    reporter: { seen: () => undefined, moved: () => undefined },
    queue: { moved: () => undefined },
    events: { tell: () => undefined },
    leaving: { update: () => undefined, stop: () => undefined, connections: 0 },
    metrics: slotMetrics(new Registry()),
    incarnation: 1,
    moves: { holdDownMs: 1000, maxConcurrentMoves: 4, drainMs: 1000 },
    liveness: () => new Map(),
    fenceUplink: undefined,
    ...changes,
  });
  keeper.update(view, uplink);
  keeper.switchChanged();
  return { keeper, lines };
}

test('without Open vSwitch the kernel would forward on: the uplink is taken down, once for each loss', () => {
  const fenced: string[] = [];
  let up = true;
  const { keeper: opened } = openKeeper({
    switchUp: () => up,
    fenceUplink: (uplink) => {
      fenced.push(uplink);
      return Promise.resolve();
    },
  });
  expect(fenced).toEqual([]);
  for (const now of [false, false, true, false]) {
    up = now;
    opened.switchChanged();
  }
  expect(fenced).toEqual(['eth1', 'eth1']);
});

/** A keeper to which the store gives one slot; the gate opens when `mayOpen` says so. */
function withSlot(changes: {
  readonly mayOpen: () => boolean;
  readonly switchUp?: () => boolean;
  readonly fenceUplink?: () => Promise<void>;
}) {
  const slot = 1024;
  const entries = new Map<number, GateEntry>();
  const seen = { askedToOpen: false, released: 0 };
  let epoch = 5;
  const { mayOpen, switchUp = () => true, fenceUplink } = changes;
  const { keeper: subject } = openKeeper({
    switchUp,
    fenceUplink,
    wire: { ...silentWire, round: () => Promise.resolve({ answered: new Set(), control: true }) },
    store: {
      ...noStore,
      renew: () => {
        const slots = new Map([[slot, { holder: view.self, epoch, released: false }]]);
        return Promise.resolve({ kind: 'renewed', mark: 'm', leases: new Map(), slots });
      },
      claim: () => Promise.resolve({ kind: 'claimed', epoch: ++epoch }),
      release: () => {
        seen.released++;
        return Promise.resolve(true);
      },
    },
    gate: {
      gateEntries: () => Promise.resolve([...entries.values()]),
      changeGate: async ({ arm = [], modify = [] }) => {
        seen.askedToOpen ||= modify.length > 0;
        if (modify.length > 0) await eventually(() => mayOpen() || undefined);
        for (const entry of [...arm, ...modify]) entries.set(entry.slot, entry);
      },
    },
  });
  const duty = { slot, pool: 'p', ordinal: 0, order: [view.self], recorded: undefined };
  subject.update({ ...view, slots: [{ ...duty, addresses: ['192.0.2.1'] }] }, uplink);
  subject.start();
  return { subject, seen };
}

test('a slot is announced when the switch has opened it, and not before', async () => {
  let may = false;
  const { subject, seen } = withSlot({ mayOpen: () => may });
  const told: number[] = [];
  subject.onChange(() => told.push(subject.open.size));
  try {
    await eventually(() => seen.askedToOpen || undefined);
    expect(told).toEqual([]);
  } finally {
    may = true;
  }
  await eventually(() => told.length > 0 || undefined);
  expect(told).toEqual([1]);
});

test('what a gateway without Open vSwitch gives back is free when its uplink is down, and not before', async () => {
  let up = true;
  const asked = Promise.withResolvers<unknown>();
  const fenced = Promise.withResolvers<undefined>();
  const { subject, seen } = withSlot({
    mayOpen: () => true,
    switchUp: () => up,
    fenceUplink: () => {
      asked.resolve(undefined);
      return fenced.promise;
    },
  });
  await eventually(() => subject.open.size > 0 || undefined);
  up = false;
  subject.switchChanged();
  await asked.promise;
  expect(subject.open.size).toBe(0);
  expect(seen.released).toBe(0);
  fenced.resolve(undefined);
  await eventually(() => seen.released > 0 || undefined);
});

test('an uplink that cannot be taken down is told', async () => {
  let up = true;
  const { keeper: opened, lines } = openKeeper({ switchUp: () => up, fenceUplink: away });
  up = false;
  opened.switchChanged();
  await eventually(() => lines.find((line) => line.includes('a step failed')));
});
