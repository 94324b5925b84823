/** A Redis of a spec's own: a free port, on loopback unless asked, nothing on disk unless asked, ended by its pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const program = '/usr/bin/redis-server';

const loopback = '127.0.0.1';

const answers = (port: number, address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      // With a password it wants that first.
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });

export class RealRedis {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly directory: string,
    private readonly options: readonly string[],
    private readonly address: string,
  ) {}

  /** `options`: as on the command line. */
  static start(...options: readonly string[]): Promise<RealRedis> {
    return RealRedis.run(() => ['--save', '', ...options]);
  }

  /** On an address that others reach. */
  static startAt(address: string): Promise<RealRedis> {
    return RealRedis.run(() => ['--save', '', '--protected-mode', 'no'], address);
  }

  /** Watches `master` alone; a master that is silent for half a second is replaced. */
  static sentinelOf(name: string, master: RealRedis): Promise<RealRedis> {
    const lines = [
      `sentinel monitor ${name} 127.0.0.1 ${String(master.port)} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 2000`,
    ];
    return RealRedis.run((directory) => {
      const file = join(directory, 'sentinel.conf');
      writeFileSync(file, `${lines.join('\n')}\n`);
      return [file, '--sentinel'];
    });
  }

  private static async run(
    options: (directory: string) => readonly string[],
    address = loopback,
  ): Promise<RealRedis> {
    if (!existsSync(program)) {
      throw new Error(`${program} is missing; run: apt-get install redis-server`);
    }
    const directory = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
    const redis = new RealRedis(await freePort(), directory, options(directory), address);
    await redis.startAgain();
    return redis;
  }

  get url(): string {
    return `redis://${this.address}:${String(this.port)}`;
  }

  get snapshot(): string {
    return join(this.directory, 'dump.rdb');
  }

  async startAgain(): Promise<void> {
    const { port, directory, options, address } = this;
    const common = ['--port', String(port), '--bind', address, '--dir', directory];
    this.child = spawn(program, [...options, ...common], { stdio: 'ignore' });
    await eventually(async () => (await answers(port, address)) || undefined);
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
