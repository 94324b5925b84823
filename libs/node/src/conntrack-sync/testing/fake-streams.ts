/** The fake of `SyncStreams`: streams in memory, which a test can make fail. */
import { TransportError } from '@sluice/core';
import { type Position, type SyncStreams, type Told } from '../ports.js';

export class FakeNetwork {
  readonly streams = new Map<string, Told[]>();
  down = false;
  private last = 0;

  of(self: string): SyncStreams {
    const check = (): void => {
      if (this.down) throw new TransportError('SLUICE_STORE_UNREACHABLE', { message: 'down' });
    };
    return {
      append: async (batch) => {
        await Promise.resolve();
        check();
        const position = String(++this.last);
        this.streams.set(self, [
          ...(this.streams.get(self) ?? []),
          { gateway: self, position, batch: batch.slice() },
        ]);
        return position;
      },
      forgetBefore: async (position) => {
        await Promise.resolve();
        check();
        this.streams.set(self, after(this.streams.get(self), String(Number(position) - 1)));
      },
      read: async (from) => {
        await Promise.resolve();
        check();
        return [...from].flatMap(([gateway, position]) => after(this.streams.get(gateway), position));
      },
    };
  }
}

const after = (told: readonly Told[] = [], position: Position): Told[] =>
  told.filter((one) => Number(one.position) > Number(position));
