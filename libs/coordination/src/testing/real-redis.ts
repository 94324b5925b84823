/** A Redis of a spec's own: a free port on loopback, nothing on disk unless asked, ended by its pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = '/usr/bin/redis-server';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });

export class RealRedis {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly options: readonly string[],
  ) {}

  static async start(...options: readonly string[]): Promise<RealRedis> {
    if (!existsSync(program)) {
      throw new Error(`${program} is missing; run: apt-get install redis-server`);
    }
    const directory = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
    const redis = new RealRedis(await freePort(), directory, options);
    await redis.startAgain();
    return redis;
  }

  get snapshot(): string {
    return join(this.directory, 'dump.rdb');
  }

  async startAgain(): Promise<void> {
    const { port, directory, options } = this;
    this.child = spawn(
      program,
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...options],
      { stdio: 'ignore' },
    );
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 20));
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
