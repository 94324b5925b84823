import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '@sluice/core';
import { type SlotView } from '@sluice/model';
import { Registry } from 'prom-client';
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

const away = () => Promise.reject(new Error('not there'));
let keeper: ProtocolKeeper | undefined;
afterEach(() => keeper?.stop());

function open(changes: Partial<ProtocolKeeperOptions> & Pick<ProtocolKeeperOptions, 'switchUp'>) {
  const { logger, lines } = logLines();
  keeper = new ProtocolKeeper({
    clock: systemClock,
    logger,
    gate: { gateEntries: () => Promise.resolve([]), changeGate: () => Promise.resolve() },
    wire: { update: () => undefined, stop: () => undefined, isUp: () => true, round: away },
    store: { renew: away, claim: away, assert: away, release: away, handOver: away },
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
  keeper.update(view, { interface: 'eth1', mac: '02:00:00:00:00:01' });
  keeper.switchChanged();
  return { keeper, lines };
}

test('without Open vSwitch the kernel would forward on: the uplink is taken down, once for each loss', () => {
  const fenced: string[] = [];
  let up = true;
  const { keeper: opened } = open({
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

test('an uplink that cannot be taken down is told', async () => {
  let up = true;
  const { keeper: opened, lines } = open({ switchUp: () => up, fenceUplink: away });
  up = false;
  opened.switchChanged();
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toContainEqual(expect.stringContaining('a step failed'));
});
