/**
 * Edits of one pool's slots by one process: what waits while a write is under way goes into the next one together, so that
 * a process never writes against itself.
 */
import { type EgressPoolSlot } from '@sluice/kube';

/** Pure: it is made again for each attempt. A slot that it leaves alone stays the same object. */
export type SlotsEdit<T> = (slots: readonly EgressPoolSlot[]) => {
  readonly slots: readonly EgressPoolSlot[];
  readonly result: T;
};

/** Reads the slots, and writes what the edit makes of them. */
export type Write = (edit: (slots: readonly EgressPoolSlot[]) => readonly EgressPoolSlot[]) => Promise<void>;

interface Waiting {
  /** Gives what is to be written, and keeps its own result until it is. */
  readonly apply: (slots: readonly EgressPoolSlot[]) => readonly EgressPoolSlot[];
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

export class PoolEdits {
  private waiting: Waiting[] = [];
  private running = false;

  /** `write` calls its edit once for each attempt, the last one being what was written. */
  constructor(private readonly write: Write) {}

  /** Resolves with the edit's result when it is written. Throws what `write` throws. */
  edit<T>(edit: SlotsEdit<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      this.waiting.push({
        apply: (before) => {
          const after = edit(before);
          result = after.result;
          return after.slots;
        },
        written: () => resolve(result),
        failed: reject,
      });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) await this.round();
    this.running = false;
  }

  private async round(): Promise<void> {
    const batch: Waiting[] = [];
    try {
      await this.write((before) => {
        batch.push(...this.waiting.splice(0));
        return batch.reduce((slots, { apply }) => apply(slots), before);
      });
      for (const { written } of batch) written();
    } catch (error) {
      // One that failed before it read anything has nothing in its batch.
      const failed = batch.length === 0 ? this.waiting.splice(0) : batch;
      for (const { failed: tell } of failed) tell(error);
    }
  }
}
