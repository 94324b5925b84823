import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf, script, Supervised, until } from './supervised.js';

let running: Supervised[] = [];
const directory = mkdtempSync(join(tmpdir(), 'supervise-'));

/** `program` is text for sh. */
function supervise(program: string, prefix: readonly string[] = []): Supervised {
  const started = new Supervised([...prefix, script('supervise'), 'sh', '-c', program]);
  running.push(started);
  return started;
}

afterEach(async () => {
  for (const one of running) {
    one.signal('SIGTERM');
    await one.end();
  }
  running = [];
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pidIn = (line: string): number => Number(line.split(' ')[1]);
const cleanEnd = 'trap "echo cleaned; exit 7" TERM; echo up $$; while :; do sleep 0.05; done';

describe('supervise', () => {
  it('starts a killed program again at once, with one line', async () => {
    const supervised = supervise('echo up $$; exec sleep 600');
    const first = pidIn(await supervised.line(/^up/));
    const killedAt = Date.now();
    process.kill(first, 'SIGKILL');
    const second = pidIn(await supervised.line(/^up/, 2));
    expect(Date.now() - killedAt).toBeLessThan(1000);
    expect(second).not.toBe(first);
    expect(supervised.lines.filter((line) => line.startsWith('supervise:'))).toEqual([
      'supervise: sh ended with status 137, starting it again',
    ]);
  });

  it('waits a second before each further start of a program that keeps dying', async () => {
    const supervised = supervise('echo at $(date +%s%3N); exit 3');
    await supervised.line(/^at/, 4);
    const times = supervised.lines.filter((line) => line.startsWith('at')).map(pidIn);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps[0]).toBeLessThan(1000);
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThanOrEqual(1000);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and ends as the program ends', async (signal) => {
    const supervised = supervise(cleanEnd);
    await supervised.line(/^up/);
    supervised.signal(signal);
    await expect(supervised.end()).resolves.toBe(7);
    expect(supervised.lines).toContain('cleaned');
    expect(supervised.lines.filter((line) => line.startsWith('supervise:'))).toEqual([]);
  });

  it('ends at once with the last status when stopped between two starts', async () => {
    const supervised = supervise('echo up; exit 3');
    await supervised.line(/^supervise:/, 2);
    supervised.signal('SIGTERM');
    await expect(supervised.end()).resolves.toBe(3);
    expect(supervised.lines.filter((line) => line === 'up')).toHaveLength(2);
  });

  it('reaps orphans as process 1', async () => {
    const mark = join(directory, 'orphan-ends');
    const orphan = `(sh -c 'sleep 0.2; touch ${mark}' &)`;
    const prefix = ['unshare', '--pid', '--fork', '--kill-child'];
    const supervised = supervise(`${orphan}; echo up; exec sleep 600`, prefix);
    await supervised.line(/^up/);
    const [processOne] = childrenOf(supervised.pid);
    await until('the orphan to end', () => existsSync(mark) || undefined);
    await until('its reaping', () => childrenOf(processOne ?? 0).length === 1 || undefined);
    process.kill(processOne ?? 0, 'SIGTERM');
  });
});
