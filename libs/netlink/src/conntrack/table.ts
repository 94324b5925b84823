/** Reads and changes the connections of one zone. */
import { setImmediate as pause } from 'node:timers/promises';
import { RemoteError } from '@sluice/core';
import { type ConntrackEntry, type NewConnection, type Tuple } from './connection.js';
import { errnos, loadLibc } from './libc.js';
import { MessageWriter } from './message-writer.js';
import {
  type KernelMessage,
  readMessages,
  type Request,
  writeChange,
  writeDelete,
  writeDump,
  writeInsert,
} from './messages.js';
import { ConntrackSocket } from './socket.js';

export interface ConntrackTableOptions {
  readonly zone: number;
  readonly netns?: string | undefined;
}

export interface Changes {
  /** Requests that did what they should. */
  readonly done: number;
  /** What was there already (insert) or is not there (change, delete): indexes into the request. */
  readonly passed: readonly number[];
  /** Error name → how many. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Messages with one send; the kernel works on all of them meanwhile. */
const batch = 128;
/** Parts of a dump between two looks at other work. */
const partsAtOnce = 8;
/** Numbers of requests are of 32 bits; none begins above this one. */
const lastStart = 0xf000_0000;
const receiveBuffer = 4 * 1024 * 1024;

type Write<T> = (writer: MessageWriter, item: T, request: Request) => void;

export class ConntrackTable {
  private readonly writer = new MessageWriter(64 * 1024);
  private sequence = 0;
  /** One request at a time: answers are read where they were asked for. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly socket: ConntrackSocket,
    private readonly zone: number,
    private readonly errorName: (errno: number) => string,
  ) {}

  /** Rejects with SLUICE_CONNTRACK_FAILED. */
  static async open({ zone, netns }: ConntrackTableOptions): Promise<ConntrackTable> {
    const { errorName } = await loadLibc();
    return new ConntrackTable(await ConntrackSocket.open({ receiveBuffer, netns }), zone, errorName);
  }

  /** Calls with every connection; those that begin or end meanwhile may be missing. Rejects with SLUICE_CONNTRACK_FAILED. */
  dump(visit: (entry: ConntrackEntry) => void): Promise<void> {
    return this.inTurn(async () => {
      const sequence = this.next();
      this.writer.clear();
      writeDump(this.writer, sequence, this.zone);
      this.socket.send(this.writer.written);
      for (let part = 1; ; part++) {
        for (const message of this.receive()) {
          if (message.sequence !== sequence) continue;
          if (message.kind === 'entry') visit(message.entry);
          else if (message.errno !== 0) throw this.failed('the kernel ended a dump', message.errno);
          else return;
        }
        if (part % partsAtOnce === 0) await pause();
      }
    });
  }

  /** Makes connections; `passed` are those of which a tuple is taken. Rejects with SLUICE_CONNTRACK_FAILED. */
  insert(connections: readonly NewConnection[]): Promise<Changes> {
    return this.change(connections, errnos.EEXIST, writeInsert);
  }

  /** Gives connections another timeout, mark and labels. Rejects with SLUICE_CONNTRACK_FAILED. */
  update(connections: readonly NewConnection[]): Promise<Changes> {
    return this.change(connections, errnos.ENOENT, writeChange);
  }

  /** Ends connections. Rejects with SLUICE_CONNTRACK_FAILED. */
  delete(originals: readonly Tuple[]): Promise<Changes> {
    const keys = originals.map((original) => ({ zone: this.zone, original }));
    return this.change(keys, errnos.ENOENT, writeDelete);
  }

  async close(): Promise<void> {
    await this.inTurn(() => this.socket.close());
  }

  private change<T>(items: readonly T[], harmless: number, write: Write<T>): Promise<Changes> {
    return this.inTurn(async () => {
      const passed: number[] = [];
      const failures = new Map<string, number>();
      let failed = 0;
      for (let from = 0; from < items.length; from += batch) {
        if (from > 0) await pause();
        for (const { index, errno } of this.send(items.slice(from, from + batch), write)) {
          failed++;
          if (errno === harmless) passed.push(from + index);
          else failures.set(this.errorName(errno), (failures.get(this.errorName(errno)) ?? 0) + 1);
        }
      }
      return { done: items.length - failed, passed, failures };
    });
  }

  /** One batch; gives what the kernel refused. */
  private send<T>(
    items: readonly T[],
    write: Write<T>,
  ): readonly { readonly index: number; readonly errno: number }[] {
    const first = this.sequence + 1;
    this.writer.clear();
    items.forEach((item, index) => {
      write(this.writer, item, { sequence: this.next(), acknowledge: index === items.length - 1 });
    });
    this.socket.send(this.writer.written);
    const refused: { readonly index: number; readonly errno: number }[] = [];
    for (;;) {
      for (const message of this.receive()) {
        if (message.kind !== 'answer' || message.sequence < first) continue;
        const { sequence, errno } = message;
        if (errno !== 0) refused.push({ index: sequence - first, errno });
        if (sequence === this.sequence) return refused;
      }
    }
  }

  private receive(): Iterable<KernelMessage> {
    const received = this.socket.receive();
    if (typeof received !== 'string') return readMessages(received, this.zone);
    throw new RemoteError('SLUICE_CONNTRACK_FAILED', {
      message: `connection tracking: the kernel gave no answer (${received})`,
      retryable: true,
    });
  }

  private failed(what: string, errno: number): RemoteError {
    const message = `connection tracking: ${what}: ${this.errorName(errno)}`;
    return new RemoteError('SLUICE_CONNTRACK_FAILED', { message, retryable: true });
  }

  private next(): number {
    this.sequence += 1;
    return this.sequence;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(() => {
      if (this.sequence > lastStart) this.sequence = 0;
      return work();
    });
    this.turn = result.catch(() => undefined);
    return result;
  }
}
