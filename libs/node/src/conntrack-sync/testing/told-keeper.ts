/** A slot keeper that carries what a test says. */
import { type SlotKeeper } from '../../slots/slot-keeper.js';

export class ToldKeeper implements SlotKeeper {
  open: ReadonlySet<number> = new Set();
  readonly leaving = 0;
  private listener: () => void = () => undefined;

  carry(...slots: readonly number[]): void {
    this.open = new Set(slots);
    this.listener();
  }

  onChange(listener: () => void): void {
    this.listener = listener;
  }

  onAnnounceAgain(): void {
    return;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  start(): void {
    return;
  }

  update(): void {
    return;
  }

  switchChanged(): void {
    return;
  }
}
