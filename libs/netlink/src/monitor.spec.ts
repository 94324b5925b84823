import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventQueue } from './event-queue.js';
import { KernelNetwork, type NetworkEvent } from './index.js';
import { parseEvent } from './monitor.js';
import { TestNamespace } from './testing/namespace.js';

describe('parseEvent', () => {
  it.each([
    ['[LINK]2: v1@v0: <UP> mtu 1400 qdisc noqueue', { kind: 'link', dev: 'v1' }],
    ['[LINK]Deleted 3: eth0.5@NONE: <BROADCAST> mtu 1500', { kind: 'link', dev: 'eth0.5' }],
    ['[ADDR]3: v0    inet 10.9.0.9/24 scope global', { kind: 'address', dev: 'v0' }],
    ['[ROUTE]Deleted default via fe80::5c dev v0 table 100', { kind: 'route', dev: 'v0' }],
    ['[ROUTE]blackhole default table 100', { kind: 'route' }],
    ['[RULE]5:\tfrom all iif sluice-rej lookup 6', { kind: 'rule', dev: 'sluice-rej' }],
    ['[RULE]5:\tfrom all lookup 6', { kind: 'rule' }],
    ['[NEIGH]10.9.0.33 dev v0 lladdr 02:5c:00:00:00:01 PERMANENT', { kind: 'neighbour', dev: 'v0' }],
  ])('%s', (line, event) => expect(parseEvent(line)).toEqual(event));

  it.each(['', 'garbage', '[NSID]nsid 0', '[link]'])('"%s" is no event', (line) =>
    expect(parseEvent(line)).toBeUndefined(),
  );
});

describe('EventQueue', () => {
  it('merges equal events and lets a resync stand for all', async () => {
    const queue = new EventQueue();
    for (let i = 0; i < 1000; i++) queue.push({ kind: 'route', dev: `v${i % 2}` });
    expect([await queue.next(), await queue.next()]).toEqual([
      { kind: 'route', dev: 'v0' },
      { kind: 'route', dev: 'v1' },
    ]);
    queue.push({ kind: 'link' });
    queue.push({ kind: 'resync' });
    queue.push({ kind: 'rule' });
    expect(await queue.next()).toEqual({ kind: 'resync' });
    const last = queue.next();
    queue.end();
    expect(await last).toBeUndefined();
  });
});

describe('monitor', () => {
  let namespace: TestNamespace;
  let network: KernelNetwork;
  let stop: AbortController;
  beforeEach(() => {
    namespace = new TestNamespace();
    namespace.addLink('v0');
    network = new KernelNetwork({ netns: namespace.name });
    stop = new AbortController();
  });
  afterEach(() => {
    stop.abort();
    namespace.remove();
  });

  /** Reads until an event of this kind comes. */
  async function until(
    events: AsyncIterator<NetworkEvent>,
    wanted: (event: NetworkEvent) => boolean,
  ): Promise<NetworkEvent> {
    for (;;) {
      const next = await events.next();
      if (next.done === true) throw new Error('the monitor ended');
      if (wanted(next.value)) return next.value;
    }
  }

  const startMonitor = async () => {
    const events = network.monitor(stop.signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ kind: 'resync' });
    return events;
  };

  /** Children of this process that are `ip … monitor`. */
  const children = (): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const [, , ppid] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return ppid === String(process.pid) && words.includes('\0monitor\0');
        } catch {
          return false;
        }
      })
      .map(Number);

  it('tells of each kind of change', async () => {
    const events = await startMonitor();
    const steps: [string, NetworkEvent['kind'], string | undefined][] = [
      ['link set v0 mtu 1400', 'link', 'v0'],
      ['address add 10.9.0.2/24 dev v0', 'address', 'v0'],
      ['route add 192.0.2.0/24 dev v0 table 100', 'route', 'v0'],
      ['-6 rule add priority 5 table 100', 'rule', undefined],
      ['neigh add 10.9.0.3 lladdr 02:00:00:00:00:01 dev v0', 'neighbour', 'v0'],
      ['link delete v0', 'link', 'v0'],
    ];
    for (const [command, kind, dev] of steps) {
      namespace.ip(command);
      await until(events, (event) => event.kind === kind && event.dev === dev);
    }
  });

  it('starts again when the child dies, and asks to read everything back', async () => {
    const events = await startMonitor();
    for (let times = 0; times < 2; times++) {
      const [pid, ...others] = children();
      expect(others).toEqual([]);
      process.kill(pid ?? 0, 'SIGKILL');
      await until(events, ({ kind }) => kind === 'resync');
      namespace.ip(`address add 10.9.${times}.2/24 dev v0`);
      await until(events, ({ kind }) => kind === 'address');
    }
  });

  it('ends with the signal and leaves no child', async () => {
    const events = await startMonitor();
    const waiting = until(events, () => false);
    stop.abort();
    await expect(waiting).rejects.toThrow('ended');
    expect(children()).toEqual([]);
  });

  it('leaves no child when the consumer stops', async () => {
    for await (const event of network.monitor(stop.signal, ['link'])) {
      expect(event).toEqual({ kind: 'resync' });
      break;
    }
    expect(children()).toEqual([]);
  });

  it('asks to read everything back when events are lost or unreadable', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ip-'));
    const binary = join(folder, 'ip');
    const words = 'netlink receive error No buffer space available (105)';
    writeFileSync(binary, `#!/bin/sh\necho "${words}" >&2\necho '[LI'\nexec sleep 1000\n`);
    chmodSync(binary, 0o755);
    const fake = new KernelNetwork({ binary });
    const events = fake.monitor(stop.signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ kind: 'resync' });
    stop.abort();
    await until(events, () => false).catch(() => undefined);
    rmSync(folder, { recursive: true });
  });

  it('keeps trying when there is no ip', async () => {
    const fake = new KernelNetwork({ binary: '/nonexistent/ip' });
    const events = fake.monitor(stop.signal)[Symbol.asyncIterator]();
    const first = events.next();
    stop.abort();
    expect(await first).toMatchObject({ done: true });
  });
});
