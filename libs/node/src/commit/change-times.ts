/**
 * How long a change of one of the cluster's objects takes until Open vSwitch has it: from the event of the watch to the
 * barrier behind the bundle that carries it out. Several changes of an object before that count from the first one.
 */
import { type Clock, type Logger } from '@sluice/core';
import { type Histogram } from 'prom-client';

export interface ChangeTimesOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly seconds: Pick<Histogram<'resource'>, 'observe'>;
}

interface Change {
  readonly resource: string;
  readonly object: string;
  readonly at: number;
}

/** One pass, and the changes that came before it began. */
export interface Covered {
  /** All of them are in Open vSwitch. */
  readonly done: () => void;
  /** They wait for the next pass. */
  readonly failed: () => void;
}

/** What takes longer is named in the log. */
const longMs = 1000;

export class ChangeTimes {
  private waiting = new Map<string, Change>();

  constructor(private readonly options: ChangeTimesOptions) {}

  /** `resource` as in "services", `object` as "namespace/name" or "name". */
  changed(resource: string, object: string): void {
    const key = `${resource} ${object}`;
    if (!this.waiting.has(key))
      this.waiting.set(key, { resource, object, at: this.options.clock.monotonicMs() });
  }

  begin(): Covered {
    const covered = this.waiting;
    this.waiting = new Map();
    return {
      done: () => this.observe([...covered.values()]),
      failed: () => {
        this.waiting = new Map([...this.waiting, ...covered]);
      },
    };
  }

  private observe(changes: readonly Change[]): void {
    const now = this.options.clock.monotonicMs();
    for (const { resource, at } of changes) this.options.seconds.observe({ resource }, (now - at) / 1000);
    const [first] = [...changes].sort((one, other) => one.at - other.at);
    if (first === undefined || now - first.at < longMs) return;
    const { resource, object, at } = first;
    this.options.logger.warn(
      { resource, object, ms: Math.round(now - at), changes: changes.length },
      'a change took long until Open vSwitch had it',
    );
  }
}
