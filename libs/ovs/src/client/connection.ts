/**
 * One OpenFlow 1.5 connection to a bridge over its management socket: handshake, keep-alive, requests with their answers.
 * It ends for good when the switch goes away; `OpenFlowClient` makes the next one.
 */
import { connect, type Socket } from 'node:net';
import { OvsError } from '../errors.js';
import { decodeMessage, encodeInto, encodeMessage } from '../openflow/codec.js';
import { writeLike } from '../openflow/codec/header.js';
import { replyBody } from '../openflow/codec/multipart.js';
import {
  type Message,
  type MessageOf,
  type MessageType,
  type MultipartReply,
  type MultipartRequest,
} from '../openflow/messages.js';
import { FrameDecoder } from '../openflow/wire/frame-decoder.js';
import { Writer } from '../openflow/wire/writer.js';
import { refusal, Requests, type Waiter } from './requests.js';

/** Ids of messages inside bundles; those of requests are below. */
const firstBundleXid = 0x8000_0000;
export const bundleXid = (index: number): number => firstBundleXid + (index % firstBundleXid);

/** Wire version of OpenFlow 1.5. */
const version = 6;

export interface ConnectionOptions {
  /** Milliseconds for the handshake. */
  readonly handshakeMs?: number;
  /** Milliseconds without a word from the switch after which an echo is sent, and after two of which it is given up. */
  readonly silenceMs?: number;
  /** Milliseconds for one request; a bundle of many flows may take as long. */
  readonly requestMs?: number;
}

/** Messages that nobody asked for. */
export type Unasked = MessageOf<'packet_in' | 'flow_removed' | 'port_status' | 'error'>;

export type ReplyOf<K extends MultipartReply['kind']> = Extract<MultipartReply, { readonly kind: K }>;

export class OpenFlowConnection {
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<OvsError>;
  readonly #socket: Socket;
  readonly #requests = new Requests();
  readonly #decoder = new FrameDecoder();
  readonly #listeners = new Set<(message: Unasked) => void>();
  readonly #options: Required<ConnectionOptions>;
  #end: (error: OvsError) => void = () => undefined;
  #bundle: ((index: number, message: Message) => void) | undefined;
  #hello: ((message: Message) => void) | undefined;
  #heard = performance.now();
  #over: OvsError | undefined;

  private constructor(
    socket: Socket,
    { handshakeMs = 5000, silenceMs = 10_000, requestMs = 60_000 }: ConnectionOptions,
  ) {
    this.#socket = socket;
    this.#options = { handshakeMs, silenceMs, requestMs };
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('error', (cause) => this.#fail(unavailable(cause.message, cause)));
    socket.on('close', () => this.#fail(unavailable('the switch closed the connection')));
  }

  /**
   * Connects and says hello. Throws OvsError OVS_UNAVAILABLE (nobody there), OVS_VERSION_REFUSED (no OpenFlow 1.5) or
   * OVS_TIMEOUT.
   */
  static async open(socketPath: string, options: ConnectionOptions = {}): Promise<OpenFlowConnection> {
    const connection = new OpenFlowConnection(connect(socketPath), options);
    try {
      await connection.#shakeHands(socketPath);
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.#keepAlive();
    return connection;
  }

  onMessage(listener: (message: Unasked) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends messages that have no answer, such as packet-outs; thousands of them are one write. */
  send(messages: readonly Message[]): void {
    const writer = new Writer(messages.length * 256);
    for (const message of messages) encodeInto(writer, message, this.#requests.next());
    this.#write(writer.take());
  }

  /** Packet-outs that differ in their frames alone. */
  sendFrames(packetOut: Omit<MessageOf<'packet_out'>, 'data'>, frames: readonly Uint8Array[]): void {
    const head = encodeMessage({ ...packetOut, data: new Uint8Array() }, 0);
    const writer = new Writer(frames.reduce((sum, { length }) => sum + head.length + length, 0));
    for (const frame of frames) writeLike(writer, { head, body: frame, xid: this.#requests.next() });
    this.#write(writer.take());
  }

  /** Sends bytes as they are; resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#write(bytes)) return;
    await Promise.race([
      new Promise<void>((resolve) => this.#socket.once('drain', resolve)),
      this.closed.then((error) => {
        throw error;
      }),
    ]);
  }

  /**
   * For messages of a bundle, which the caller encodes with the ids `bundleXid(0)`, `bundleXid(1)` …: `take` gets what the
   * switch says to them. One bundle at a time.
   */
  watchBundle(take: (index: number, message: Message) => void): () => void {
    this.#bundle = take;
    return () => {
      this.#bundle = undefined;
    };
  }

  /** Throws OvsError OVS_OPENFLOW_REFUSED, OVS_TIMEOUT or OVS_UNAVAILABLE. */
  async request<T extends MessageType>(message: Message, answer: T): Promise<MessageOf<T>> {
    return this.#ask(message, (reply, resolve: (value: MessageOf<T>) => void) => {
      if (reply.type !== answer) return false;
      resolve(reply as MessageOf<T>);
      return true;
    });
  }

  /** All parts of a multipart answer. */
  async multipart<K extends MultipartReply['kind']>(
    request: Extract<MultipartRequest, { readonly kind: K }>,
  ): Promise<readonly ReplyOf<K>[]> {
    return this.#parts(request, (message) =>
      message.type === 'multipart_reply'
        ? { part: message.reply as ReplyOf<K>, more: message.more }
        : undefined,
    );
  }

  /** The same, of each part what follows its header. */
  async multipartBytes(
    request: Extract<MultipartRequest, { readonly kind: 'flow' | 'group_desc' }>,
  ): Promise<readonly Uint8Array[]> {
    return this.#parts(
      request,
      (message) => (message.type === 'other' ? replyBody(message.body) : undefined),
      { asBytes: true },
    );
  }

  async barrier(): Promise<void> {
    await this.request({ type: 'barrier_request' }, 'barrier_reply');
  }

  close(): void {
    this.#fail(unavailable('the connection was closed'));
  }

  /** `read` gives undefined for a message that is no part. */
  async #parts<P>(
    request: MultipartRequest,
    read: (message: Message) => { readonly part: P; readonly more: boolean } | undefined,
    form?: Pick<Waiter, 'asBytes'>,
  ): Promise<readonly P[]> {
    const parts: P[] = [];
    return this.#ask(
      { type: 'multipart_request', request },
      (message, resolve: (value: readonly P[]) => void) => {
        const answer = read(message);
        if (answer === undefined) return false;
        parts.push(answer.part);
        if (answer.more) return false;
        resolve(parts);
        return true;
      },
      form,
    );
  }

  async #ask<T>(
    message: Message,
    take: (reply: Message, resolve: (value: T) => void) => boolean,
    form: Pick<Waiter, 'asBytes'> = {},
  ): Promise<T> {
    const xid = this.#requests.next();
    const { requestMs } = this.#options;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#requests.forget(xid);
        reject(
          new OvsError('OVS_TIMEOUT', {
            message: `no answer to ${message.type} in ${String(requestMs)} ms`,
            retryable: true,
          }),
        );
      }, requestMs);
      this.#requests.wait(xid, {
        ...form,
        take: (reply) => {
          const done = reply.type === 'error' || take(reply, resolve);
          if (reply.type === 'error') reject(refusal(reply, message.type));
          if (done) clearTimeout(timer);
          return done;
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#write(encodeMessage(message, xid));
    });
  }

  async #shakeHands(socketPath: string): Promise<void> {
    const hello = new Promise<Message>((resolve) => {
      this.#hello = resolve;
    });
    this.#write(encodeMessage({ type: 'hello', versions: [version] }, this.#requests.next()));
    const message = await this.#within(hello, this.#options.handshakeMs, `hello from ${socketPath}`);
    const spoken = message.type === 'hello' ? message.versions : [];
    if (spoken.includes(version)) return;
    throw new OvsError('OVS_VERSION_REFUSED', {
      message: `${socketPath} does not offer OpenFlow 1.5; set protocols=OpenFlow13,OpenFlow15 on the bridge`,
    });
  }

  async #within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new OvsError('OVS_TIMEOUT', { message: `no ${what} in ${String(ms)} ms`, retryable: true })),
        ms,
      );
    });
    const over = this.closed.then((error) => {
      throw error;
    });
    try {
      return await Promise.race([promise, late, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(chunk: Uint8Array): void {
    this.#heard = performance.now();
    try {
      for (const frame of this.#decoder.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#fail(error instanceof OvsError ? error : unavailable('the connection failed', error));
    }
  }

  #take(frame: Uint8Array): void {
    const { xid, message } = decodeMessage(frame, (id) => this.#requests.wantsBytes(id));
    if (message.type === 'echo_request') {
      this.#write(encodeMessage({ type: 'echo_reply', data: message.data }, xid));
      return;
    }
    if (this.#hello !== undefined && (message.type === 'hello' || message.type === 'error')) {
      const first = this.#hello;
      this.#hello = undefined;
      first(message);
      return;
    }
    if (xid >= firstBundleXid) {
      this.#bundle?.(xid - firstBundleXid, message);
      return;
    }
    if (this.#requests.deliver(xid, message)) return;
    if (isUnasked(message)) for (const listener of this.#listeners) listener(message);
  }

  /** False: the socket has no room for more now. */
  #write(bytes: Uint8Array): boolean {
    if (this.#over !== undefined) throw this.#over;
    return this.#socket.write(bytes);
  }

  #keepAlive(): void {
    const { silenceMs } = this.#options;
    const timer = setInterval(() => {
      const silence = performance.now() - this.#heard;
      if (silence > 2 * silenceMs) {
        this.#fail(
          new OvsError('OVS_TIMEOUT', {
            message: `no word from the switch in ${String(2 * silenceMs)} ms`,
            retryable: true,
          }),
        );
      } else if (silence > silenceMs) {
        this.send([{ type: 'echo_request', data: new Uint8Array() }]);
      }
    }, silenceMs / 2);
    timer.unref();
    void this.closed.then(() => clearInterval(timer));
  }

  #fail(error: OvsError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#socket.destroy();
    this.#requests.failAll(error);
    this.#end(error);
  }
}

const unavailable = (message: string, cause?: unknown): OvsError =>
  new OvsError('OVS_UNAVAILABLE', { message, retryable: true, cause });

const unaskedTypes: ReadonlySet<MessageType> = new Set(['packet_in', 'flow_removed', 'port_status', 'error']);
const isUnasked = (message: Message): message is Unasked => unaskedTypes.has(message.type);
