/** Keeps one connection open: again at once after a loss, then with growing, jittered pauses. */
import { OvsError } from '../errors.js';

export interface Closable {
  readonly closed: Promise<OvsError>;
  close(): void;
}

export interface ReconnectOptions<T extends Closable> {
  readonly open: () => Promise<T>;
  /** Called for every connection, and once for the reason of each loss or failed attempt that is a new one. */
  readonly onState?: (state: 'up' | OvsError) => void;
  /** Milliseconds. */
  readonly firstPauseMs?: number;
  readonly mostPauseMs?: number;
}

export class Reconnect<T extends Closable> {
  readonly #options: ReconnectOptions<T>;
  #current: T | undefined;
  #last: OvsError = new OvsError('OVS_UNAVAILABLE', { message: 'not connected yet', retryable: true });
  #running: Promise<void> | undefined;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor(options: ReconnectOptions<T>) {
    this.#options = options;
  }

  get current(): T | undefined {
    return this.#current;
  }

  /** The connection; throws OVS_UNAVAILABLE with the last reason while there is none. */
  require(): T {
    if (this.#current !== undefined) return this.#current;
    throw new OvsError('OVS_UNAVAILABLE', {
      message: this.#last.message,
      retryable: true,
      cause: this.#last,
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#current?.close();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { open, firstPauseMs = 20, mostPauseMs = 1000 } = this.#options;
    let pauseMs = firstPauseMs;
    while (!this.#stopped) {
      try {
        const connection = await open();
        pauseMs = firstPauseMs;
        await this.#use(connection);
      } catch (error) {
        this.#lost(asOvsError(error));
      }
      if (this.#isOver()) return;
      await this.#pause(pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(mostPauseMs, pauseMs * 2);
    }
  }

  #isOver(): boolean {
    return this.#stopped;
  }

  async #use(connection: T): Promise<void> {
    if (this.#isOver()) {
      connection.close();
      return;
    }
    this.#current = connection;
    this.#options.onState?.('up');
    const reason = await connection.closed;
    this.#current = undefined;
    this.#lost(reason);
  }

  #lost(reason: OvsError): void {
    if (this.#stopped) return;
    const same = reason.code === this.#last.code && reason.message === this.#last.message;
    this.#last = reason;
    if (!same) this.#options.onState?.(reason);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const asOvsError = (error: unknown): OvsError =>
  error instanceof OvsError
    ? error
    : new OvsError('OVS_UNAVAILABLE', { message: String(error), retryable: true, cause: error });
