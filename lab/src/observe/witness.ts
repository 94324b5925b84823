/** A third host on the uplink: sees every frame of the segment, wherever it goes. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { type LabPlan } from '../plan.js';
import { switchNamespace } from '../topology.js';
import { type Frame, frameIn } from './holders.js';

export interface WitnessOptions {
  readonly what?: 'claims' | 'all';
  /** Their uplink MACs; see `frameIn`. */
  readonly gateways?: ReadonlySet<string>;
}

export class Witness {
  private readonly seen: Frame[] = [];
  private readonly closed: Promise<unknown>;

  private constructor(private readonly child: ChildProcessByStdio<null, Readable, Readable>) {
    this.closed = once(child, 'close');
  }

  /** Resolves when it listens. Of `claims` alone: for more addresses than a filter can name. */
  static start(
    plan: LabPlan,
    addresses: ReadonlySet<string>,
    what: 'claims' | 'all' = 'all',
  ): Promise<Witness> {
    const gateways = new Set(plan.nodes.flatMap(({ uplink }) => uplink?.mac ?? []));
    return Witness.in(`/run/netns/${switchNamespace(plan)}`, addresses, { what, gateways });
  }

  /** On the bridge `uplink` of a network namespace. */
  static async in(
    netns: string,
    addresses: ReadonlySet<string>,
    { what = 'all', gateways }: WitnessOptions = {},
  ): Promise<Witness> {
    const namespace = `--net=${netns}`;
    const dump = [
      ...['tcpdump', '-e', '-nn', '-tt', '-l', '-i', 'uplink', '--immediate-mode'],
      // KiB: thousands of announcements come within a tenth of a second.
      ...['-s', '128', '-B', '16384'],
    ];
    const traffic = what === 'all' ? [...addresses].map((address) => `src host ${address}`) : [];
    const child = spawn('nsenter', [namespace, ...dump, ['arp', 'icmp6', ...traffic].join(' or ')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const witness = new Witness(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const frame = frameIn(line, addresses, gateways);
      if (frame !== undefined) witness.seen.push(frame);
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.includes('listening on')) resolve();
      });
      child.once('close', (status) => reject(new Error(`tcpdump ended with status ${String(status)}`)));
    });
    return witness;
  }

  /** What was seen until now; `frames` waits for the end. */
  get soFar(): readonly Frame[] {
    return this.seen;
  }

  end(): void {
    this.child.kill('SIGINT');
  }

  /** Resolves after `end`. */
  async frames(): Promise<readonly Frame[]> {
    await this.closed;
    return this.seen;
  }
}
