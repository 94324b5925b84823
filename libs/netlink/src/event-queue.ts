/** Events that wait for their consumer. Equal ones are one, and a `resync` stands for all, so that it cannot grow. */
import { type NetworkEvent } from './shapes.js';

export class EventQueue {
  private readonly waiting = new Map<string, NetworkEvent>();
  private ended = false;
  private wake: (() => void) | undefined;

  push(event: NetworkEvent): void {
    if (event.kind === 'resync') this.waiting.clear();
    if (!this.waiting.has('resync ')) this.waiting.set(`${event.kind} ${event.dev ?? ''}`, event);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** undefined after the end. For one consumer. */
  async next(): Promise<NetworkEvent | undefined> {
    while (!this.ended) {
      const [first] = this.waiting;
      if (first !== undefined) {
        this.waiting.delete(first[0]);
        return first[1];
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return undefined;
  }
}
