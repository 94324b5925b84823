import { beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { type KubeClient, type NewEvent } from '@sluice/kube';
import { type ClusterPlan } from '@sluice/model';
import { Counter, Registry } from 'prom-client';
import { PlanWriter } from './plan-writer.js';

const name = (index: number): string => `ns-${index}`;
const list = <T>(length: number, entry: (index: number) => T): readonly T[] =>
  Array.from({ length }, (_, index) => entry(index));

/** So many addresses and their namespaces have something new to say. */
const saying = (count: number, more: Partial<ClusterPlan> = {}): ClusterPlan => ({
  nodeIds: [],
  gateways: { create: [], status: [], remove: [] },
  pools: [],
  addresses: {
    create: [],
    users: [],
    status: list(count, (index) => ({ name: name(index), status: { holder: 'gw-2' } })),
    remove: [],
  },
  namespaces: list(count, (index) => ({ name: name(index), status: [] })),
  serviceIds: { write: [], problems: [] },
  ingress: [],
  events: list(count, (index) => ({
    regarding: { kind: 'Namespace', name: name(index), uid: name(index) },
    type: 'Normal',
    reason: 'EgressReady',
    message: 'ready',
  })),
  problems: [],
  resting: [],
  ...more,
});

describe('PlanWriter', () => {
  let written: { verb: string; plural: string; name: string }[] = [];
  let events: NewEvent[] = [];
  let writer: PlanWriter;

  beforeEach(() => {
    written = [];
    events = [];
    const verb =
      (verb: string) =>
      ({ plural }: { plural: string }, object: { name?: string; metadata?: { name: string } }) => {
        written.push({ verb, plural, name: object.metadata?.name ?? object.name ?? '' });
        return Promise.resolve({});
      };
    const client = { create: verb('create'), apply: verb('apply'), patch: verb('patch') };
    const writes = new Counter({
      name: 'writes',
      help: 'of this test',
      labelNames: ['kind', 'result'],
      registers: [new Registry()],
    });
    writer = new PlanWriter({
      client: client as unknown as KubeClient,
      ids: { write: () => Promise.resolve() } as unknown as ConstructorParameters<
        typeof PlanWriter
      >[0]['ids'],
      events: { record: (event: NewEvent) => events.push(event) } as unknown as ConstructorParameters<
        typeof PlanWriter
      >[0]['events'],
      writes,
      logger: silentLogger,
    });
  });

  const namesOf = (plural: string) =>
    written.filter((entry) => entry.plural === plural).map((entry) => entry.name);

  it('writes a small plan whole', async () => {
    expect(await writer.write(saying(3), { quietly: false })).toBe(true);
    expect(namesOf('egressaddresses')).toHaveLength(3);
    expect(namesOf('namespaces')).toHaveLength(3);
    expect(events).toHaveLength(3);
  });

  it('says a part of what thousands have to say, and the events of that part', async () => {
    expect(await writer.write(saying(1000), { quietly: false })).toBe(false);
    const told = namesOf('namespaces');
    expect(told.length).toBeLessThan(1000);
    expect(namesOf('egressaddresses')).toEqual(told);
    expect(events.map(({ regarding }) => regarding.name)).toEqual(told);
  });

  it('makes what is asked for before it says anything, and says nothing while it is to be quiet', async () => {
    const { addresses } = saying(1000);
    const claim = { kind: 'Namespace', name: 'asked', uid: 'asked' };
    const spec = { id: 1, pool: 'default', slot: 0, addresses: ['198.18.0.1'], claim };
    const create = [{ name: 'asked', spec }];
    const plan = saying(1000, { addresses: { ...addresses, create } });
    expect(await writer.write(plan, { quietly: true })).toBe(false);
    expect(written).toEqual([{ verb: 'create', plural: 'egressaddresses', name: 'asked' }]);
    expect(events).toEqual([]);
  });

  it('has nothing left to say of a plan that says nothing, quiet or not', async () => {
    expect(await writer.write(saying(0), { quietly: true })).toBe(true);
  });
});
