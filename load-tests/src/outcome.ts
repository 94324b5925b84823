/** What came of the visits of a run, as they end: by target, for all, and by windows of time. */
import { Affinity } from './affinity.js';
import { finestClass } from './classes.js';
import { type Target } from './settings.js';
import { Times } from './times.js';
import { type FailureKind } from './visits/failure.js';
import { type Visit } from './visits/visit.js';

/** A part of the run. */
export interface Window {
  /** Its end, seconds since the beginning. */
  readonly untilSeconds: number;
  /** Visits that ended in it. */
  readonly visits: number;
  readonly failed: number;
  readonly notStarted: number;
  readonly connectP99Ms: number | null;
}

/** Of one target. */
export class Tally {
  visits = 0;
  failed = 0;
  readonly failures = new Map<FailureKind, number>();
  /** What the system said about the first failure of each kind. */
  readonly details = new Map<FailureKind, string>();
  readonly connect = new Times();
  readonly total = new Times();
  readonly backends = new Map<string, number>();
  /** The endpoint that each class met first. */
  readonly classes = new Map<number, string>();
  readonly affinity = new Affinity();

  constructor(readonly target: Target) {}

  record(visit: Visit): void {
    this.visits++;
    if (!visit.ok) {
      const { kind, detail } = visit.failure;
      this.failed++;
      this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
      if (!this.details.has(kind)) this.details.set(kind, detail);
      return;
    }
    const { backend, source, connectMs, totalMs, startMs } = visit;
    this.connect.record(connectMs);
    this.total.record(totalMs);
    this.backends.set(backend, (this.backends.get(backend) ?? 0) + 1);
    if (this.target.affine) this.affinity.met(source.address, backend, startMs);
    else this.recordClass(finestClass(source), backend);
  }

  private recordClass(finest: number, backend: string): void {
    if (!this.classes.has(finest)) this.classes.set(finest, backend);
  }
}

export class Outcome {
  readonly tallies: readonly Tally[];
  readonly connect = new Times();
  readonly windows: Window[] = [];
  visits = 0;
  failed = 0;
  notStarted = 0;
  private readonly windowConnect = new Times();
  private closed = { visits: 0, failed: 0, notStarted: 0 };

  constructor(targets: readonly Target[]) {
    this.tallies = targets.map((target) => new Tally(target));
  }

  /** By the target's place in the list. */
  record(at: number, visit: Visit): void {
    this.tallies[at]?.record(visit);
    this.visits++;
    if (!visit.ok) {
      this.failed++;
      return;
    }
    this.connect.record(visit.connectMs);
    this.windowConnect.record(visit.connectMs);
  }

  refuse(): void {
    this.notStarted++;
  }

  /** Ends a window, and gives it. */
  closeWindow(untilSeconds: number): Window {
    const { visits, failed, notStarted } = this;
    const window: Window = {
      untilSeconds: Math.round(untilSeconds),
      visits: visits - this.closed.visits,
      failed: failed - this.closed.failed,
      notStarted: notStarted - this.closed.notStarted,
      connectP99Ms: this.windowConnect.p99() ?? null,
    };
    this.closed = { visits, failed, notStarted };
    this.windowConnect.reset();
    this.windows.push(window);
    return window;
  }
}
