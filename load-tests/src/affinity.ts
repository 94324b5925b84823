/**
 * Services with affinity: a client meets one backend. It may meet another one when its backend has gone, and when another one
 * has come: Sluice chooses by a hash of the client's address, so that a newcomer takes its share of the clients, and
 * remembers nothing (docs/guide/services.md). Every other change is a violation.
 */

/** When a backend was among those that serve, by `performance.now()`. */
export interface Lifetime {
  readonly sinceMs: number;
  /** Absent: it still serves. */
  readonly untilMs?: number;
}

export interface Change {
  readonly client: string;
  readonly from: string;
  readonly to: string;
  /** When the client began its last visit to `from`. */
  readonly lastMs: number;
  /** When it began its visit to `to`. */
  readonly atMs: number;
}

/** Between the API server and the flows of every gateway, with a machine that is busy. */
const slackMs = 3000;

export function isAllowed({ from, to, lastMs, atMs }: Change, lives: ReadonlyMap<string, Lifetime>): boolean {
  const gone = lives.get(from)?.untilMs;
  const came = lives.get(to)?.sinceMs;
  return (gone !== undefined && gone - slackMs <= atMs) || (came !== undefined && lastMs <= came + slackMs);
}

interface Met {
  readonly backend: string;
  readonly startMs: number;
}

/** What is kept of changes; where nothing holds clients there is one at nearly every visit. */
const mostKept = 10_000;

export interface AffinitySummary {
  readonly clients: number;
  readonly changes: number;
  /** Changes for which there was no reason. */
  readonly violations: number;
}

/** Of one target. */
export class Affinity {
  private readonly last = new Map<string, Met>();
  private readonly kept: Change[] = [];
  private changes = 0;

  /** A visit that was answered; in any order, since they end as they like. */
  met(client: string, backend: string, startMs: number): void {
    const before = this.last.get(client);
    // Begun before one that is known already: what it says is of an earlier time.
    if (before !== undefined && startMs < before.startMs) return;
    this.last.set(client, { backend, startMs });
    if (before === undefined || before.backend === backend) return;
    this.changes++;
    if (this.kept.length < mostKept)
      this.kept.push({ client, from: before.backend, to: backend, lastMs: before.startMs, atMs: startMs });
  }

  summary(lives: ReadonlyMap<string, Lifetime>): AffinitySummary {
    const allowed = this.kept.filter((change) => isAllowed(change, lives)).length;
    return { clients: this.last.size, changes: this.changes, violations: this.changes - allowed };
  }
}
