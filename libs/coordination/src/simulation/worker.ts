/** Runs seeds on a thread of its own, in portions, and tells what came of each portion. */
import { parentPort } from 'node:worker_threads';
import { runSeed } from './run.js';

export interface Portion {
  readonly from: number;
  readonly count: number;
}

export interface PortionDone {
  readonly runs: number;
  readonly simulatedMs: number;
  readonly failed: readonly { readonly seed: number; readonly text: string }[];
}

export function runPortion({ from, count }: Portion): PortionDone {
  const failed: { readonly seed: number; readonly text: string }[] = [];
  let simulatedMs = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { violation, ms } = runSeed(seed);
    simulatedMs += ms;
    if (violation !== undefined) failed.push({ seed, text: `${violation.kind}: ${violation.text}` });
  }
  return { runs: count, simulatedMs, failed };
}

parentPort?.on('message', (portion: Portion) => {
  parentPort?.postMessage(runPortion(portion));
});
