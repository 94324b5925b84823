/**
 * Rates through the gateway with the kernel datapath, and through kube-proxy's modes beside it, in one kernel of the lane;
 * and what that kernel carries without any of them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ensureDebian,
  ensureKernel,
  ensureProgram,
  families,
  type Family,
  runInUml,
  terminalProgress,
} from '@sluice/lab';
import { type Measurement } from '../harness/row.js';
import { modes } from './peer.js';
import { type LaneResult, type Way, type works } from './result.js';

const runs = 15;
const limitMs = 1_500_000;
/** Three kube-proxies, an API server and Sluice. */
const memory = '6G';

async function measured(): Promise<LaneResult> {
  // kube-proxy calls it in mode ipvs; the others call what the lab has anyway.
  await ensureDebian(['ipset', 'iptables'], terminalProgress);
  for (const name of ['kube-apiserver', 'kube-proxy', 'traffic'] as const)
    await ensureProgram(name, terminalProgress);
  const kernel = await ensureKernel(terminalProgress);
  const directory = mkdtempSync(join(tmpdir(), 'kernel-lane-'));
  try {
    const result = join(directory, 'result.json');
    const inside = join(import.meta.dirname, 'inside.js');
    const command = [process.execPath, inside, result, String(runs)];
    const status = await runInUml({ kernel, command, limitMs, memory });
    if (status !== 0) throw new Error(`the kernel lane ended with status ${String(status)}`);
    return JSON.parse(readFileSync(result, 'utf8')) as LaneResult;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const rows = [
  { what: 'connects', id: 'kernel_connects', unit: '1/s', factor: 1, atLeast: 1 },
  { what: 'bytes', id: 'kernel_throughput', unit: 'Mbit/s', factor: 8e-6, atLeast: 1.1 },
] as const satisfies readonly { readonly what: keyof typeof works; readonly [other: string]: unknown }[];

/** Rows of IPv4 have no family in their ids. */
const suffix: Readonly<Record<Family, string>> = { ipv4: '', ipv6: '_ipv6' };

/** Each run's ratio is of rates that were measured one right after the other. */
export async function* kernelRates(): AsyncGenerator<Measurement> {
  const { samples } = await measured();
  for (const family of families) yield* ofFamily(family, samples);
  const failed = samples.filter(({ way }) => way === 'sluice').map((sample) => sample.failed);
  yield { id: 'kernel_connects_failed', unit: '1', samples: failed, of: (counts) => Math.max(...counts) };
}

function* ofFamily(family: Family, samples: LaneResult['samples']): Generator<Measurement> {
  for (const { what, id: name, unit, factor, atLeast } of rows) {
    const id = `${name}${suffix[family]}`;
    const of = (way: Way): readonly number[] =>
      samples
        .filter((one) => one.way === way && one.what === what && one.family === family)
        .map(({ perSecond }) => perSecond * factor);
    const ours = of('sluice');
    yield {
      id: `${id}_routed`,
      unit,
      samples: ours,
      peer: { name: 'routed to the Pod', samples: of('routed') },
    };
    for (const mode of modes) {
      const theirs = of(mode);
      yield {
        id: `${id}_${mode}`,
        unit,
        samples: ours,
        peer: { name: `kube-proxy ${mode}`, samples: theirs },
      };
      const ratios = ours.map((own, index) => own / (theirs[index] ?? Number.NaN));
      yield { id: `${id}_to_${mode}`, unit: '1', samples: ratios, goal: { atLeast } };
    }
  }
}
