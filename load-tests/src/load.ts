/** The load of a run: begins visits when they are due, and keeps the outcome. */
import { setTimeout as pause } from 'node:timers/promises';
import { arrivalsDue, rateAt, type Stage, totalSeconds } from './arrivals.js';
import { type Outcome, type Window } from './outcome.js';
import { Times } from './times.js';
import { type Visit } from './visits/visit.js';

/** The clock of a run; tests have their own. */
export interface Pace {
  /** Milliseconds. */
  readonly now: () => number;
  /** A moment in which visits go on. */
  readonly tick: () => Promise<unknown>;
}

const tickMs = 5;
export const realPace: Pace = { now: () => performance.now(), tick: () => pause(tickMs) };

export interface LoadPlan {
  readonly stages: readonly Stage[];
  readonly outcome: Outcome;
  /** By the target's place in the list and the local address; never rejects. */
  readonly visit: (target: number, from: string | undefined) => Promise<Visit>;
  /** Local addresses of each target. */
  readonly sources: readonly (readonly string[])[];
  readonly mostUnderWay: number;
  readonly windowSeconds: number;
  /** Looks at each window when it ends; a text ends the run, and is the reason. */
  readonly judge?: (window: Window) => string | undefined;
  readonly signal: AbortSignal;
}

export interface LoadRun {
  readonly begun: number;
  readonly seconds: number;
  /** Connections per second that were wanted last. */
  readonly lastRate: number;
  /** 99 of 100 looks at what is due came at most so late: more says that this machine had too much to do. */
  readonly lateP99Ms: number;
  /** Why `judge` ended it, or would have. */
  readonly ended?: string;
  readonly interrupted: boolean;
}

export class Load {
  private due = 0;
  private begun = 0;
  private readonly underWay = new Set<Promise<void>>();
  private windowEnds: number;
  private ended: string | undefined;
  private readonly late = new Times();

  constructor(
    private readonly plan: LoadPlan,
    private readonly pace: Pace = realPace,
  ) {
    this.windowEnds = plan.windowSeconds;
  }

  /** Until the last stage is over and the last visit has ended. */
  async run(): Promise<LoadRun> {
    const { stages, signal } = this.plan;
    const started = this.pace.now();
    const elapsed = (): number => (this.pace.now() - started) / 1000;
    const length = totalSeconds(stages);
    let seconds = 0;
    while (!signal.aborted && this.ended === undefined) {
      seconds = elapsed();
      this.beginUntil(arrivalsDue(stages, seconds));
      if (seconds >= this.windowEnds && seconds < length) this.closeWindow(seconds);
      if (seconds >= length) break;
      await this.pace.tick();
      this.late.record((elapsed() - seconds) * 1000 - tickMs);
    }
    await Promise.all(this.underWay);
    this.closeWindow(elapsed());
    return {
      begun: this.begun,
      seconds,
      lastRate: rateAt(stages, seconds),
      lateP99Ms: this.late.p99() ?? 0,
      interrupted: signal.aborted,
      ...(this.ended === undefined ? {} : { ended: this.ended }),
    };
  }

  private beginUntil(due: number): void {
    while (this.due < due) {
      if (this.underWay.size < this.plan.mostUnderWay) this.begin(this.due);
      else this.plan.outcome.refuse();
      this.due++;
    }
  }

  /** Targets in turn, and with each round the next local address, so that every target meets every address. */
  private begin(number: number): void {
    const { sources, visit, outcome } = this.plan;
    const target = number % sources.length;
    const own = sources[target] ?? [];
    const from = own[Math.floor(number / sources.length) % own.length];
    const ends = visit(target, from).then((seen) => {
      outcome.record(target, seen);
      this.underWay.delete(ends);
    });
    this.underWay.add(ends);
    this.begun++;
  }

  private closeWindow(seconds: number): void {
    const { outcome, windowSeconds, judge } = this.plan;
    while (this.windowEnds <= seconds) this.windowEnds += windowSeconds;
    const window = outcome.closeWindow(seconds);
    this.ended ??= judge?.(window);
  }
}
