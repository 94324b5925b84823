/** HTTP to the API server over undici: connections kept alive, credentials, time limits, typed errors. */
import { type Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { type ClusterConfig } from './cluster-config.js';
import { KubeRefusedError, notKubernetes, unreachable, type StatusBody } from './errors.js';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  /** How long an answer may take to begin, and how long it may pause. */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
}

interface Answer {
  readonly statusCode: number;
  readonly body: Readable & { text(): Promise<string> };
}

export class Transport {
  private readonly agent: Agent;
  private readonly timeoutMs: number;
  private readonly userAgent: string;
  private readonly listeners = new Set<() => void>();
  private isDown = false;

  constructor(
    private readonly config: ClusterConfig,
    options: TransportOptions = {},
  ) {
    this.timeoutMs = options.timeoutMs ?? 30_000;
    this.userAgent = options.userAgent ?? 'sluice';
    this.agent = new Agent({
      // One connection per watch: a stalled or lost one takes no other down with it.
      allowH2: false,
      keepAliveTimeout: 60_000,
      connect: {
        timeout: Math.min(this.timeoutMs, 10_000),
        ...(config.ca === undefined ? {} : { ca: config.ca }),
        ...config.clientCertificate,
        ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
        rejectUnauthorized: config.skipTlsVerify !== true,
      },
    });
  }

  /** Sends and parses the JSON answer. Throws KubeRefusedError, TransportError, ProtocolError. */
  async json(call: KubeRequest): Promise<unknown> {
    const text = await this.text(call);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw notKubernetes(describe(call), error);
    }
  }

  async text(call: KubeRequest): Promise<string> {
    const answer = await this.send(call, this.timeoutMs);
    return answer.body.text().catch((error: unknown) => {
      throw unreachable(describe(call), error);
    });
  }

  /** An answer without end: only its beginning is limited in time. The stream's errors are undici's. */
  async stream(call: KubeRequest): Promise<Readable> {
    return (await this.send(call, 0)).body;
  }

  /** Called when a request succeeds after one had no answer, or that the server failed. Returns how to end that. */
  onAnswered(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Breaks every connection. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async send(call: KubeRequest, bodyTimeout: number): Promise<Answer> {
    try {
      const answer = await this.accepted(call, bodyTimeout);
      const isBack = this.isDown;
      this.isDown = false;
      if (isBack) for (const listener of [...this.listeners]) listener();
      return answer;
    } catch (error) {
      if (call.signal?.aborted !== true && isOutage(error)) this.isDown = true;
      throw error;
    }
  }

  private async accepted(call: KubeRequest, bodyTimeout: number): Promise<Answer> {
    const first = await this.attempt(call, bodyTimeout, false);
    if (first.statusCode !== 401 || this.config.token === undefined) return accept(call, first);
    await drain(first);
    return accept(call, await this.attempt(call, bodyTimeout, true));
  }

  private async attempt(call: KubeRequest, bodyTimeout: number, refused: boolean): Promise<Answer> {
    const token = await this.config.token?.(refused);
    return request(`${this.config.server}${call.path}${queryText(call.query)}`, {
      dispatcher: this.agent,
      method: call.method,
      headersTimeout: this.timeoutMs,
      bodyTimeout,
      headers: {
        accept: 'application/json',
        'user-agent': this.userAgent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }).catch((error: unknown) => {
      throw unreachable(describe(call), error);
    });
  }
}

/** It says something about the server, and not about the request. */
const isOutage = (error: unknown): boolean => !(error instanceof KubeRefusedError) || error.status >= 500;

async function accept(call: KubeRequest, answer: Answer): Promise<Answer> {
  if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
  const text = await answer.body.text().catch((error: unknown) => {
    throw unreachable(describe(call), error);
  });
  throw new KubeRefusedError(describe(call), answer.statusCode, statusBody(text));
}

/** The connection is of use again only after the body was read. */
async function drain(answer: Answer): Promise<void> {
  await answer.body.text().catch(() => '');
}

function statusBody(text: string): StatusBody {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Proxies and the server's own filters answer in plain text, which then is the message.
  }
  return { message: text.trim().slice(0, 512) };
}

const describe = ({ method, path }: KubeRequest): string => `${method} ${path}`;

function queryText(query: KubeRequest['query'] = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
