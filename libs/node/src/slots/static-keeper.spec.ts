import { afterEach, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@sluice/core';
import { type GateEntry } from '@sluice/datapath';
import { type SlotView } from '@sluice/model';
import { eventually } from '../../../coordination/src/testing/eventually.js';
import { StaticKeeper } from './static-keeper.js';

const slots = [1024, 1025, 1026];
const view: SlotView = {
  self: 'gateway-1',
  nodeId: 1,
  slots: slots.map((slot, ordinal) => ({
    ...{ slot, ordinal, pool: 'p', order: ['gateway-1'], addresses: [] },
    recorded: { holder: 'gateway-1', epoch: 5, previous: undefined },
  })),
  peers: [],
  draining: new Set(),
  nextHops: [],
};

let keeper: StaticKeeper | undefined;
afterEach(() => keeper?.stop());

const left = (slot: number, form: GateEntry['form']): GateEntry => {
  return { slot, form, epoch: 5, otherHolder: 0, incarnation: 1 };
};

test('before the flows are known it carries what was left open, and all of it after', async () => {
  const entries = new Map([left(1024, 'open'), left(1025, 'armed')].map((entry) => [entry.slot, entry]));
  keeper = new StaticKeeper({
    clock: systemClock,
    logger: silentLogger,
    gate: {
      gateEntries: () => Promise.resolve([...entries.values()]),
      changeGate: ({ arm = [], modify = [] }) => {
        for (const entry of [...arm, ...modify]) entries.set(entry.slot, entry);
        return Promise.resolve();
      },
    },
    incarnation: 2,
    ready: () => true,
  });
  const told: (readonly number[])[] = [];
  keeper.onChange(() => told.push([...(keeper?.open ?? [])]));
  await keeper.adopt(view);
  await eventually(() => told.length > 0 || undefined);
  expect(told).toEqual([[1024]]);
  expect([...entries.values()].filter(({ form }) => form === 'open')).toHaveLength(1);
  keeper.update(view);
  await eventually(() => told.length > 1 || undefined);
  expect(told).toEqual([[1024], slots]);
});
