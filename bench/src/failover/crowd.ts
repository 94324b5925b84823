/**
 * Failover of 4,096 addresses against that of one. A gateway node is killed, and the witness on the uplink sees when its
 * successor says of the last of the dead gateway's addresses that it has it now; that is after their flows are in.
 */
import { egressAddresses, egressPools, type KubeClient, namespaces } from '@sluice/kube';
import { nodeOf } from '@sluice/lab';
import { median } from '../harness/measure.js';
import { type Measurement } from '../harness/row.js';
import { type SuiteContext } from '../harness/suite.js';
import { ensure, forEach } from '../lab/many.js';
import { Quiet } from '../lab/quiet.js';
import { until } from '../lab/until.js';
import { type Cluster, egress } from './cluster.js';
import { runsAtMost } from './runs.js';

export const crowdId = 'restore_ratio_4096_to_1';

/** Two gateways share them, so each holds 4,096 or so. */
const allocations = 8192;
const pool = 'bench-crowd';
const runs = runsAtMost(5);
/** Allocations come with their namespaces; the API server is the slowest part, and is busy with them for minutes. */
const patienceMs = 600_000;
/** The controller says of thousands of addresses who holds them now: a death while it does so would be another measurement. */
const quietMs = 3000;

const poolObject = {
  metadata: { name: pool },
  spec: {
    ranges: [{ cidr: '2001:db8:18:0:1::/115' }],
    uplink: { nextHops: ['2001:db8:18::1'], prefixLengths: [24, 64] },
    slots: 64,
    dualStack: 'Single' as const,
  },
};
const namespaceName = (index: number): string => `bench-crowd-${index}`;

async function allocated(client: KubeClient): Promise<readonly { address: string; slot: number }[]> {
  const list = await client.listAll(egressAddresses);
  return list
    .filter(({ spec }) => spec.pool === pool)
    .map(({ spec }) => ({ address: spec.addresses[0] ?? '', slot: spec.slot }));
}

async function makeCrowd({ client }: Cluster, progress: SuiteContext['progress']): Promise<void> {
  await ensure(client.create(egressPools, poolObject));
  const annotations = { 'sluice.dev/egress': `pool/${pool}` };
  await forEach(0, allocations, (index) =>
    ensure(client.create(namespaces, { metadata: { name: namespaceName(index), annotations } })),
  );
  progress(`${crowdId}: ${allocations} namespaces ask for an address each`);
  const all = async () => ((await allocated(client)).length === allocations ? true : undefined);
  await until('every namespace to have its address', all, patienceMs);
}

/** A lab that goes on is given back as it was. */
export async function removeCrowd({ client }: Cluster): Promise<void> {
  await forEach(0, allocations, (index) => client.delete(namespaces, { name: namespaceName(index) }));
  const gone = async () => ((await allocated(client)).length === 0 ? true : undefined);
  await until('the addresses to be free', gone, patienceMs);
  await client.delete(egressPools, { name: pool });
}

/** Of the crowd, those in slots that `holder` holds. */
async function heldBy({ client }: Cluster, holder: string): Promise<readonly string[]> {
  const { status } = await client.get(egressPools, { name: pool });
  const slots = new Set(
    (status?.slots ?? []).filter((slot) => slot.holder === holder).map(({ slot }) => slot),
  );
  return (await allocated(client)).filter(({ slot }) => slots.has(slot)).map(({ address }) => address);
}

interface Restored {
  /** Milliseconds from the death to the announcement of the last address. */
  readonly ms: number;
  readonly addresses: number;
  /** To the announcement of the first one. */
  readonly firstMs: number;
}

async function restore(
  cluster: Cluster,
  quiet: Quiet,
  addressesOf: (holder: string) => Promise<readonly string[]>,
): Promise<Restored> {
  await cluster.balanced(patienceMs);
  await quiet.reached(quietMs, patienceMs);
  // Slots of a pool that is new move for balance while the lab comes to rest.
  await cluster.balanced(patienceMs);
  const holder = await cluster.currentHolder();
  const addresses = await addressesOf(holder);
  const dead = nodeOf(cluster.plan, holder).uplink?.mac;
  const witness = await cluster.witness(new Set(addresses), 'claims');
  try {
    const struckAt = Date.now();
    await cluster.fail('node', holder);
    const restored = await until(`${addresses.length} addresses to be announced`, () => {
      const first = new Map<string, number>();
      for (const { address, at, mac } of witness.soFar)
        if (at > struckAt && mac !== dead && !first.has(address)) first.set(address, at - struckAt);
      const all = first.size === addresses.length;
      return Promise.resolve(all ? [...first.values()].toSorted((a, b) => a - b) : undefined);
    });
    return { ms: restored.at(-1) ?? 0, firstMs: restored[0] ?? 0, addresses: addresses.length };
  } finally {
    witness.end();
    await cluster.heal(holder);
  }
}

/** One row each for the time of one address, that of the crowd, and their ratio. */
export async function* crowdRows(cluster: Cluster, { progress }: SuiteContext): AsyncGenerator<Measurement> {
  const series = async (name: string, of: (holder: string) => Promise<readonly string[]>) => {
    const times: number[] = [];
    for (let run = 1; run <= runs; run++) {
      const { ms, firstMs, addresses } = await restore(cluster, quiet, of);
      times.push(ms);
      progress(
        `${name} ${run}/${runs}: ${addresses} addresses restored after ${Math.round(ms)} ms, the first one after ${Math.round(firstMs)} ms`,
      );
    }
    return times;
  };
  const quiet = new Quiet(cluster.client, [egressAddresses, namespaces]);
  const both = async () => {
    const one = await series('restore_1', () => Promise.resolve([egress.ipv6]));
    await makeCrowd(cluster, progress);
    return { one, crowd: await series('restore_4096', (holder) => heldBy(cluster, holder)) };
  };
  const { one, crowd } = await both().finally(() => quiet.stop());
  yield { id: 'restore_1_ms', unit: 'ms', samples: one };
  yield { id: 'restore_4096_ms', unit: 'ms', samples: crowd, peer: { name: 'one address', samples: one } };
  yield {
    id: crowdId,
    unit: '1',
    samples: crowd.map((ms) => ms / median(one)),
    goal: { atMost: 1.2 },
  };
}
