/** What runs from a Pod while something breaks: every kind of traffic, both families, counted by itself. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Readable, type Writable } from 'node:stream';
import { programPath } from '../programs.js';
import { podNetwork } from './pod-processes.js';

/** As the lab's traffic program prints it. */
export interface LaneReport {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly longestGapMs: number;
  /** When it began, RFC 3339. */
  readonly longestGapAt: string;
  /** When the first requests without an answer were sent, at most ten. */
  readonly lostAt: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

export type TrafficReport = Readonly<Record<string, LaneReport>>;

/** Those of some kinds, of both families: names end with the family's number. */
export const lanesOf = (report: TrafficReport, ...kinds: readonly string[]): TrafficReport =>
  Object.fromEntries(Object.entries(report).filter(([name]) => kinds.includes(name.slice(0, -1))));

export interface TrafficOptions {
  /** Of the Pod. */
  readonly uid: string;
  /** NAME=KIND[*COUNT],TARGET,EVERY */
  readonly lanes: readonly string[];
}

const ports = { tcp: 9000, udp: 9001 } as const;

const hostOf = (family: '4' | '6', address: string): string => (family === '6' ? `[${address}]` : address);

function lanesTo(family: '4' | '6', address: string): readonly string[] {
  const host = hostOf(family, address);
  const [tcp, udp] = [`${host}:${ports.tcp}`, `${host}:${ports.udp}`];
  return [
    `ping${family}=ping,${address},10ms`,
    `tcp${family}=tcp,${tcp},20ms`,
    `push${family}=push,${tcp},20ms`,
    `udp${family}=udp,${udp},20ms`,
    `new${family}=connect,${tcp},20ms`,
  ];
}

export interface Server {
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Pings every 10 ms; connections that live, downloads with a silent Pod, datagrams and new connections every 20 ms. */
export const allLanes = ({ ipv4, ipv6 }: Server): readonly string[] => [
  ...lanesTo('4', ipv4),
  ...lanesTo('6', ipv6),
];

/** So many connections of each family that stay, opened over five seconds, with a request every five. */
export const crowdLanes = ({ ipv4, ipv6 }: Server, connections: number): readonly string[] =>
  (
    [
      ['4', ipv4],
      ['6', ipv6],
    ] as const
  ).map(([family, address]) => `many${family}=tcp*${connections},${hostOf(family, address)}:${ports.tcp},5s`);

export class Traffic {
  private readonly output: Buffer[] = [];
  private readonly errors: Buffer[] = [];
  private readonly closed: Promise<unknown>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    child.stdout.on('data', (data: Buffer) => this.output.push(data));
    child.stderr.on('data', (data: Buffer) => this.errors.push(data));
    this.closed = once(child, 'close');
  }

  /** From the Pod's network, not by its kubelet: what breaks may be the way of an exec. */
  static start({ uid, lanes }: TrafficOptions): Traffic {
    const command = [`--net=${podNetwork(uid)}`, programPath('traffic'), 'mix', ...lanes];
    return new Traffic(spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  /** It sends no more. */
  end(): void {
    this.child.stdin.end();
  }

  /** Resolves after `end`, when what is under way has been waited for. */
  async report(): Promise<TrafficReport> {
    await this.closed;
    const text = Buffer.concat(this.output).toString();
    if (text === '') throw new Error(`traffic: ${Buffer.concat(this.errors).toString()}`);
    return JSON.parse(text) as TrafficReport;
  }
}
