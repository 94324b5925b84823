/**
 * Connections of addresses that another gateway holds, and that have no place in the gate here. They went on there, or ended
 * there: what this gateway remembers of them is old. With the userspace datapath, which checks sequence numbers, it would
 * drop them when the address comes back, and every new connection with the same ports for as long as the entry lives, which
 * is a day. So they are ended once, each time that an address has left (ADR 27).
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type SlotDuty, type SlotView } from '@sluice/model';
import { type Gate } from '../slots/gate.js';

export interface LeftBehindOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: Pick<Gate, 'gateEntries'>;
  /** Ends this gateway's own connections of addresses; gives how many there were. */
  readonly end: (addresses: ReadonlySet<string>) => Promise<number>;
}

/** Below the time for which a gateway that was away holds nothing, so that none comes back before its connections ended. */
const periodMs = 2000;

export class LeftBehind {
  private view: SlotView | undefined;
  private ended: ReadonlySet<string> = new Set();
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: LeftBehindOptions) {}

  /** What the cluster says, whenever it says it. */
  update(view: SlotView): void {
    if (this.view === undefined) this.again();
    this.view = view;
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private again(): void {
    if (this.stopped) return;
    this.cancel = this.options.clock.after(periodMs, () => {
      void this.look().finally(() => this.again());
    });
  }

  private elsewhere(): readonly SlotDuty[] {
    const { slots = [], self } = this.view ?? {};
    return slots.filter(({ recorded }) => recorded?.holder !== undefined && recorded.holder !== self);
  }

  private async look(): Promise<void> {
    const { gate, end, logger } = this.options;
    const duties = this.elsewhere();
    const all = new Set(duties.flatMap(({ addresses }) => addresses));
    this.ended = new Set([...this.ended].filter((address) => all.has(address)));
    const isLeft = (address: string): boolean => !this.ended.has(address);
    if (![...all].some(isLeft)) return;
    try {
      // What is armed may have a replay already, and what retires still serves.
      const inGate = new Set((await gate.gateEntries()).map(({ slot }) => slot));
      const gone = duties.filter(({ slot }) => !inGate.has(slot));
      const left = gone.flatMap(({ addresses }) => addresses).filter(isLeft);
      if (left.length === 0) return;
      const connections = await end(new Set(left));
      if (connections > 0) logger.info({ connections }, 'connections that moved away are forgotten');
      this.ended = new Set([...this.ended, ...left]);
    } catch (error) {
      logger.debug({ error: describeError(error) }, 'connections that moved away are not forgotten yet');
    }
  }
}
