/** A load while the cluster changes. */
import { Churn, type Deed } from './churn.js';
import { type KubectlCluster } from './cluster.js';

export interface ChurnTime {
  /** Of the load. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly told: (line: string) => void;
}

export interface Churned {
  readonly deeds: readonly Deed[];
  readonly notes: readonly string[];
}

/** Between two changes: longer than a Pod needs to come, and a drained gateway's addresses to move. */
const everySeconds = 12;
/** Changes of a load that is made short. */
const leastChanges = 5;

const lineOf = ({ atSeconds, what, error }: Deed): string =>
  `${atSeconds} s: ${what}${error === undefined ? '' : `: ${error}`}`;

/** Puts everything back, whatever comes of `load`. Rejects when the cluster cannot be read, and as `load` does. */
export async function underChurn<T>(
  cluster: KubectlCluster,
  { seconds, signal, told }: ChurnTime,
  load: () => Promise<T>,
): Promise<readonly [T, Churned]> {
  const pace = Math.min(everySeconds, seconds / (leastChanges + 1));
  const churn = new Churn(cluster, { everySeconds: pace, told: (deed) => told(lineOf(deed)) });
  const over = new AbortController();
  await churn.open();
  // The last change shows its consequences before the end.
  const quiet = setTimeout(() => over.abort(), (seconds - pace) * 1000);
  try {
    await cluster.follow();
    const [result] = await Promise.all([
      load().finally(() => over.abort()),
      churn.run(AbortSignal.any([signal, over.signal])),
    ]);
    if (!cluster.follows)
      churn.notes.push('the watch on Pods ended early: affinity may be judged too strictly');
    return [result, churn];
  } finally {
    clearTimeout(quiet);
    cluster.close();
    await churn.putBack();
  }
}
