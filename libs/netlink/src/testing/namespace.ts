/** A network namespace of its own for a test, with links of kinds that every kernel has. Needs root and iproute2. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export class TestNamespace {
  readonly name = `sluice-test-${randomBytes(4).toString('hex')}`;

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link set lo up');
  }

  /** Runs a program inside; gives what it printed. Throws with its words when it fails. */
  run(program: string, ...args: readonly string[]): string {
    const command = [`--net=/run/netns/${this.name}`, program, ...args];
    return execFileSync('nsenter', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** One `ip` command, words separated by spaces. */
  ip(command: string): string {
    return this.run('ip', ...command.split(' '));
  }

  /** Lines of an `ip` listing in order of text. A routing table that never had a route has none. */
  listing(command: string, option: '-4' | '-6' | '-oneline' = '-oneline'): string[] {
    const script = `echo '${command}' | ip ${option} -batch -`;
    return this.run('sh', '-c', script)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .toSorted();
  }

  /** A link that is up and has carrier; its peer is called `${name}p`. */
  addLink(name: string): void {
    this.ip(`link add ${name} type veth peer name ${name}p`);
    this.ip(`link set ${name}p up`);
    this.ip(`link set ${name} up`);
  }

  /** Lines of `ip monitor route` while `work` runs. Routes of its own tell that the monitor listens, and has seen all. */
  async routeEvents(work: () => Promise<void>): Promise<string[]> {
    const command = [`--net=/run/netns/${this.name}`, 'ip', 'monitor', 'route'];
    const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
    const mark = async (address: string): Promise<void> => {
      while (!lines.some((line) => line.includes(address))) {
        const line = once(reader, 'line', { signal: AbortSignal.timeout(100) }).catch(() => undefined);
        this.ip(`route add blackhole ${address} table 9999`);
        this.ip(`route delete blackhole ${address} table 9999`);
        await line;
      }
    };
    await mark('192.0.2.253');
    await work();
    await mark('192.0.2.254');
    child.kill();
    return lines.filter((line) => !line.includes('192.0.2.25'));
  }

  /** Processes inside keep it until they end. */
  remove(): void {
    execFileSync('ip', ['netns', 'delete', this.name]);
  }
}
