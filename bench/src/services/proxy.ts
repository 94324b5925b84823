/** A service proxy as the suite sees it: Sluice's gateway, or kube-proxy in one of its modes. */
import { runProgram } from '@sluice/core';
import { pause, until } from '../lab/until.js';
import { type Buckets, observations } from './histogram.js';

export interface ServiceProxy {
  readonly name: string;
  /** Seconds from its start, with nothing installed, until all that the API server has is installed. */
  coldSync(): Promise<number>;
  /** Of its process, in MB (10^6 bytes). */
  residentMb(): number;
  /** How long changes took until they were installed; seconds. */
  changeTimes(): Promise<Buckets>;
  /** Resolves when it has nothing to do any more. */
  idle(): Promise<void>;
}

const patienceMs = 1_200_000;

/** Text of a metrics endpoint inside a network namespace; undefined while nobody answers. */
export async function metricsIn(netns: string, port: number): Promise<string | undefined> {
  const command = ['curl', '-sf', '-m', '10', `http://127.0.0.1:${port}/metrics`] as const;
  const { status, stdout } = await runProgram({ command, netns });
  return status === 0 ? stdout : undefined;
}

/** The sum of a metric over all its label sets; 0 if it is not there. */
export const sumOf = (metrics: string, name: string, label = ''): number =>
  metrics
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

export const synced = (what: string, condition: () => Promise<boolean>): Promise<true> =>
  until(what, async () => (await condition()) || undefined, patienceMs);

/** To answer costs a proxy that is at work: it is seldom asked for the Unix time, in seconds, at which it was done. */
export const doneAt = (what: string, stamp: () => Promise<number>): Promise<number> =>
  until(what, async () => (await stamp()) || undefined, patienceMs, 500);

/** Resolves when as many changes as before are counted after `ms`. */
export async function idle(what: string, changes: () => Promise<Buckets>, ms: number): Promise<void> {
  let last = -1;
  await synced(`${what} to be idle`, async () => {
    const now = observations(await changes());
    const still = now === last;
    last = now;
    if (!still) await pause(ms);
    return still;
  });
}
