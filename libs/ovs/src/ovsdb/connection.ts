/** One JSON-RPC connection to ovsdb-server over its unix socket (RFC 7047 section 4). */
import { connect, type Socket } from 'node:net';
import { OvsError } from '../errors.js';
import { JsonFrames } from './json-frames.js';

interface Incoming {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: OvsError) => void;
}

const requestMs = 30_000;
const silenceMs = 10_000;

export class OvsdbConnection {
  readonly closed: Promise<OvsError>;
  readonly #socket: Socket;
  readonly #frames = new JsonFrames();
  readonly #waiting = new Map<number, Waiter>();
  readonly #onNotification: (method: string, params: unknown) => void;
  #end: (error: OvsError) => void = () => undefined;
  #over: OvsError | undefined;
  #lastId = 0;

  private constructor(socket: Socket, onNotification: (method: string, params: unknown) => void) {
    this.#socket = socket;
    this.#onNotification = onNotification;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (cause) => this.#fail(unavailable(cause.message, cause)));
    socket.on('close', () => this.#fail(unavailable('ovsdb-server closed the connection')));
  }

  /** Throws OvsError OVS_UNAVAILABLE. */
  static async open(
    socketPath: string,
    onNotification: (method: string, params: unknown) => void,
  ): Promise<OvsdbConnection> {
    const socket = connect(socketPath);
    const connection = new OvsdbConnection(socket, onNotification);
    await Promise.race([
      new Promise<void>((resolve) => socket.once('connect', resolve)),
      connection.closed.then((error) => {
        throw error;
      }),
    ]);
    connection.#keepAlive();
    return connection;
  }

  /**
   * `arrived` gets the result before anything that came behind it, maybe in the same read, is looked at.
   * Throws OVS_DATABASE_REFUSED, OVS_TIMEOUT or OVS_UNAVAILABLE.
   */
  request(
    method: string,
    params: readonly unknown[],
    arrived: (result: unknown) => void = () => undefined,
  ): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new OvsError('OVS_TIMEOUT', { message: `ovsdb-server did not answer ${method}`, retryable: true }),
        );
      }, requestMs);
      const settle =
        <T>(call: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          call(value);
        };
      const take = (result: unknown): void => {
        arrived(result);
        resolve(result);
      };
      this.#waiting.set(id, { resolve: settle(take), reject: settle(reject) });
      this.#write({ id, method, params });
    });
  }

  close(): void {
    this.#fail(unavailable('the connection was closed'));
  }

  #receive(text: string): void {
    try {
      for (const message of this.#frames.push(text)) this.#take(message as Incoming);
    } catch (error) {
      this.#fail(error instanceof OvsError ? error : unavailable(String(error), error));
    }
  }

  #take({ id, method, params, result, error }: Incoming): void {
    if (method === 'echo') {
      this.#write({ id, result: params, error: null });
      return;
    }
    if (method !== undefined) {
      this.#onNotification(method, params);
      return;
    }
    const waiter = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (error === null || error === undefined) waiter?.resolve(result);
    else waiter?.reject(new OvsError('OVS_DATABASE_REFUSED', { message: JSON.stringify(error) }));
  }

  #write(message: object): void {
    this.#socket.write(JSON.stringify(message));
  }

  #keepAlive(): void {
    const timer = setInterval(() => {
      this.request('echo', []).catch((error: unknown) => {
        this.#fail(error instanceof OvsError ? error : unavailable(String(error)));
      });
    }, silenceMs);
    timer.unref();
    void this.closed.then(() => clearInterval(timer));
  }

  #fail(error: OvsError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#socket.destroy();
    const waiters = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiters) reject(error);
    this.#end(error);
  }
}

const unavailable = (message: string, cause?: unknown): OvsError =>
  new OvsError('OVS_UNAVAILABLE', { message, retryable: true, cause });
