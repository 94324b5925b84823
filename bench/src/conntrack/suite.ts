/** The suite `conntrack`: what it costs to copy connections between gateways, on this machine's kernel. */
import { release } from 'node:os';
import { ConntrackTable, type NewConnection, protocols, recreation } from '@sluice/netlink';
import { TestNamespace } from '../../../libs/netlink/src/testing/namespace.js';
import {
  decodeBatch,
  encodeBatch,
  type SyncConnection,
} from '../../../libs/node/src/conntrack-sync/batch.js';
import { seconds } from '../harness/measure.js';
import { type Measurement } from '../harness/row.js';
import { type Suite, type SuiteContext } from '../harness/suite.js';

const connections = 50_000;
const runs = 7;
const zone = 1;
const batchSize = 512;

const connection = (index: number): NewConnection => ({
  zone,
  original: {
    source: `10.244.${index >>> 14}.5`,
    destination: '203.0.113.10',
    protocol: protocols.tcp,
    transport: { kind: 'ports', source: 1024 + (index & 0x3fff), destination: 443 },
  },
  sourceNat: { address: `198.18.0.${100 + (index >>> 14)}`, port: 1024 + (index & 0x3fff) },
  destinationNat: undefined,
  timeoutS: 3600,
  mark: 0x7_0003,
  labels: undefined,
  sctp: undefined,
});

interface Samples {
  readonly insert: number[];
  readonly dump: number[];
  readonly remove: number[];
  readonly code: number[];
}

async function measure(table: ConntrackTable, { insert, dump, remove, code }: Samples): Promise<void> {
  const all = Array.from({ length: connections }, (_, index) => connection(index));
  const rate = async (work: () => Promise<unknown>): Promise<number> => connections / (await seconds(work));
  insert.push(await rate(() => table.insert(all)));
  const shown: SyncConnection[] = [];
  dump.push(await rate(() => table.dump((entry) => shown.push(recreation(entry, 0)))));
  if (shown.length !== connections) throw new Error(`${shown.length} of ${connections} were made`);
  code.push(
    await rate(async () => {
      for (let from = 0; from < connections; from += batchSize)
        decodeBatch(encodeBatch({ kind: 'alive', connections: shown.slice(from, from + batchSize) }));
      await Promise.resolve();
    }),
  );
  remove.push(await rate(() => table.delete(all.map(({ original }) => original))));
}

async function* run({ progress }: SuiteContext): AsyncGenerator<Measurement> {
  const samples: Samples = { insert: [], dump: [], remove: [], code: [] };
  const namespace = new TestNamespace();
  const table = await ConntrackTable.open({ zone, netns: namespace.name });
  try {
    for (let count = 1; count <= runs; count++) {
      progress(`${connections} connections, run ${count} of ${runs}`);
      await measure(table, samples);
    }
  } finally {
    await table.close();
    namespace.remove();
  }
  yield { id: 'conntrack_insert_per_s', unit: '1/s', samples: samples.insert };
  yield { id: 'conntrack_dump_per_s', unit: '1/s', samples: samples.dump };
  yield { id: 'conntrack_delete_per_s', unit: '1/s', samples: samples.remove };
  yield { id: 'conntrack_batch_code_per_s', unit: '1/s', samples: samples.code };
}

export const conntrackSuite: Suite = {
  name: 'conntrack',
  description: "copies of connections: the kernel's table and the batches between gateways",
  versions: () => Promise.resolve({ kernel: release() }),
  run,
};
