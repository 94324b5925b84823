/**
 * Without Redis: a slot is open where the cluster's map says, and moves when the controller changes the map. There is no
 * failover; the gate's entries end by themselves all the same when the process is gone.
 */
import { type Clock, describeError, type Logger, Runner } from '@sluice/core';
import { type GateEntry } from '@sluice/datapath';
import { type GlobalSlot, type SlotView } from '@sluice/model';
import { type Gate } from './gate.js';
import { type SlotKeeper } from './slot-keeper.js';

export interface StaticKeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: Gate;
  /** Of this process, 48 bits. */
  readonly incarnation: number;
  /** True while the switch can be asked. */
  readonly ready: () => boolean;
}

/** K of the slot protocol. */
const extendMs = 1000;

/** Slots move when nobody serves them any more. */
const alone = { form: 'open', otherHolder: 0, parting: false } as const;

export class StaticKeeper implements SlotKeeper {
  private readonly runner: Runner;
  private readonly listeners = new Set<() => void>();
  private view: SlotView | undefined;
  private cancel: (() => void) | undefined;
  private carried: ReadonlySet<GlobalSlot> = new Set();
  readonly leaving = 0;

  constructor(private readonly options: StaticKeeperOptions) {
    this.runner = new Runner({
      clock: options.clock,
      pass: () => this.pass(),
      onError: (error) => {
        options.logger.warn({ error: describeError(error) }, 'cannot change the gate; trying again');
        this.become(new Set());
      },
    });
  }

  get open(): ReadonlySet<GlobalSlot> {
    return this.carried;
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Nobody takes anything from anybody. */
  onAnnounceAgain(): void {
    return undefined;
  }

  start(): void {
    this.tick();
  }

  async stop(): Promise<void> {
    this.cancel?.();
    await this.runner.stop();
  }

  update(view: SlotView): void {
    this.view = view;
    this.runner.mark();
  }

  switchChanged(): void {
    this.become(new Set());
    this.runner.mark();
  }

  private tick(): void {
    this.cancel = this.options.clock.after(extendMs, () => this.tick());
    this.runner.mark();
  }

  private async pass(): Promise<void> {
    const { gate, ready } = this.options;
    if (this.view === undefined || !ready()) return;
    const wanted = this.wanted(this.view);
    const entries = new Map((await gate.gateEntries()).map((entry) => [entry.slot, entry]));
    const modify = [...wanted.values()];
    await gate.changeGate({
      close: [...entries.keys()].filter((slot) => !wanted.has(slot)),
      arm: modify.filter(({ slot }) => !entries.has(slot)).map((entry) => ({ ...entry, form: 'armed' })),
      modify,
    });
    this.become(new Set(wanted.keys()));
  }

  private wanted({ self, slots }: SlotView): ReadonlyMap<GlobalSlot, GateEntry> {
    const { incarnation } = this.options;
    return new Map(
      slots.flatMap(({ slot, recorded }) =>
        recorded?.holder === self
          ? [[slot, { ...alone, slot, epoch: recorded.epoch, incarnation }] as const]
          : [],
      ),
    );
  }

  private become(open: ReadonlySet<GlobalSlot>): void {
    if (open.size === this.carried.size && [...open].every((slot) => this.carried.has(slot))) return;
    this.carried = open;
    for (const listener of this.listeners) listener();
  }
}
