/** One visit: a new connection, the name of the backend that answers, and how long that took. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { BadAnswer, type Failure, failureOf } from './failure.js';

export interface Attempt {
  /** An address, no name: looking it up is no part of the visit. */
  readonly address: string;
  readonly port: number;
  /** Local address; absent: as the system chooses. */
  readonly from?: string | undefined;
  /** For the connection, and again for the answer. */
  readonly patienceMs: number;
}

/** The client's end of the connection. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

interface Times {
  /** By `performance.now()`. */
  readonly startMs: number;
  /** Until it was over. */
  readonly totalMs: number;
}

export interface Answered extends Times {
  readonly ok: true;
  readonly backend: string;
  readonly connectMs: number;
  readonly source: Source;
}

export interface Failed extends Times {
  readonly ok: false;
  readonly failure: Failure;
}

export type Visit = Answered | Failed;

/** Asks over a connection, and gives what was answered. */
export type Exchange = (socket: Socket, authority: string) => Promise<string>;

/** Pods' names, as Kubernetes allows them (RFC 1123). */
const backendName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/i;
const excerpt = 40;

function nameIn(answer: string): string {
  const name = answer.trim();
  if (backendName.test(name)) return name;
  throw new BadAnswer(`answered ${JSON.stringify(name.slice(0, excerpt))}, which is no name of a backend`);
}

export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Ends a visit that takes too long, by destroying its connection, and then knows why it failed. */
class Patience {
  private readonly timer;
  private failure: Failure | undefined;
  private phase: 'connect' | 'answer' = 'connect';

  constructor(
    private readonly ms: number,
    socket: Socket,
  ) {
    this.timer = setTimeout(() => {
      this.failure = { kind: `${this.phase} timeout`, detail: `no ${this.phase} within ${this.ms} ms` };
      socket.destroy(new Error(this.failure.detail));
    }, ms);
  }

  connected(): void {
    this.phase = 'answer';
    this.timer.refresh();
  }

  /** What goes wrong after the end is a consequence of it. */
  why(error: unknown): Failure {
    return this.failure ?? failureOf(error as Error);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** Never rejects: a failure is a result. */
export async function visit(
  { address, port, from, patienceMs }: Attempt,
  exchange: Exchange,
): Promise<Visit> {
  const startMs = performance.now();
  const elapsed = (): number => performance.now() - startMs;
  const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
  // Also after the visit is over, when nobody waits any more.
  socket.on('error', () => undefined);
  const patience = new Patience(patienceMs, socket);
  try {
    await once(socket, 'connect');
    const connectMs = elapsed();
    const source = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    patience.connected();
    const backend = nameIn(await exchange(socket, `${inUrl(address)}:${port}`));
    return { ok: true, startMs, connectMs, totalMs: elapsed(), backend, source };
  } catch (error) {
    return { ok: false, startMs, totalMs: elapsed(), failure: patience.why(error) };
  } finally {
    patience.end();
    socket.destroy();
  }
}
