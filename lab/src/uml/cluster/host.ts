/** A host: a network namespace with links to bridges. For a kernel of its own, whose names are nobody else's. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { run } from '../../command.js';
import { inNamespace, ipBatch } from '../../namespaces.js';

export interface Link {
  readonly device: string;
  readonly bridge: string;
  /** With their prefix lengths. */
  readonly addresses: readonly string[];
}

/** `address`: the root namespace's own on it, with its prefix length. */
export async function makeBridge(name: string, address?: string): Promise<void> {
  await ipBatch(undefined, [
    `link add ${name} type bridge mcast_snooping 0`,
    `link set ${name} up`,
    ...(address === undefined ? [] : [`addr add ${address} dev ${name}`]),
  ]);
}

/** A program that runs until its standard input ends. */
export class Open {
  constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {}

  /** Resolves to what it said. */
  end(): Promise<string> {
    this.child.stdin.end();
    return text(this.child.stdout);
  }
}

/** A program and its lines, as they come. */
export interface Speaking {
  readonly lines: readonly string[];
  readonly end: () => Promise<void>;
}

/** It may have ended before. */
async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill('SIGTERM');
  await end;
}

export class Host {
  private children: readonly ChildProcess[] = [];

  private constructor(
    readonly name: string,
    /** Logs and sockets of its programs. */
    readonly directory: string,
    /** Of its links, the ends at the bridges, by the bridge. */
    private readonly ends: ReadonlyMap<string, string>,
  ) {}

  static async make(name: string, directory: string, links: readonly Link[]): Promise<Host> {
    const ends = new Map(links.map(({ bridge }, index) => [bridge, `${name}-${String(index)}`]));
    const host = new Host(name, join(directory, name), ends);
    mkdirSync(host.directory, { recursive: true });
    await run(['ip', 'netns', 'add', name]);
    const settings = [
      'net.ipv4.ip_forward=1',
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.default.rp_filter=0',
      'net.ipv6.conf.all.forwarding=1',
      // An address is there at once.
      'net.ipv6.conf.all.accept_dad=0',
      'net.ipv6.conf.default.accept_dad=0',
    ];
    await host.run('sysctl', '-qw', ...settings);
    await host.ip('link set lo up');
    for (const { device, bridge, addresses } of links) {
      const end = ends.get(bridge) ?? '';
      await ipBatch(undefined, [
        `link add ${end} type veth peer name ${device} netns ${name}`,
        `link set ${end} master ${bridge} up`,
      ]);
      const lines = addresses.map((address) => `addr add ${address} dev ${device}`);
      await host.ip(...lines, `link set ${device} up`);
    }
    return host;
  }

  /** Nothing passes its links to these bridges any more, though they look well from both ends. */
  cut(bridges: readonly string[]): Promise<void> {
    return this.atBridges(bridges, 'nomaster');
  }

  mend(): Promise<void> {
    return this.atBridges([...this.ends.keys()], 'master');
  }

  private atBridges(bridges: readonly string[], how: 'master' | 'nomaster'): Promise<void> {
    const lines = bridges.map((bridge) => {
      const end = this.ends.get(bridge);
      if (end === undefined) throw new Error(`${this.name} has no link to ${bridge}`);
      return `link set ${end} ${how === 'master' ? `master ${bridge}` : how}`;
    });
    return ipBatch(undefined, lines);
  }

  /** Lines of ip-batch(8). */
  ip(...lines: readonly string[]): Promise<void> {
    return ipBatch(this.name, lines);
  }

  run(...command: readonly string[]): Promise<string> {
    return run(inNamespace(this.name, command));
  }

  open(...command: readonly string[]): Open {
    const [program = '', ...args] = inNamespace(this.name, command);
    return new Open(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** A program that runs until it is ended, or with the host. */
  lines(...command: readonly string[]): Speaking {
    const [program = '', ...args] = inNamespace(this.name, command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.children = [...this.children, child];
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    return { lines, end: () => terminate(child) };
  }

  /** A program that runs until `stop`; what it says is in `<directory>/<name>.log`. */
  async start(
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    const log = openSync(join(this.directory, `${name}.log`), 'a');
    const [program = '', ...args] = inNamespace(this.name, command);
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
    });
    await once(child, 'spawn');
    this.children = [...this.children, child];
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.children.toReversed()) await terminate(child);
    // The kernel takes a namespace apart in its own time, and the next one may have links of these names.
    await ipBatch(
      undefined,
      [...this.ends.values()].map((end) => `link delete ${end}`),
    );
    await run(['ip', 'netns', 'delete', this.name]);
  }
}
