/** Whole runs, short ones, against servers of this machine. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { hold } from './arrivals.js';
import { type Profile } from './profiles.js';
import { runProfile } from './run-profile.js';
import { settingsFrom } from './settings.js';
import { judge } from './thresholds.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function at(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A hundred visits within a tenth of a second. */
const profile: Profile = {
  ...{ name: 'short', about: 'a moment', kind: 'steady', windowSeconds: 5 },
  stages: [hold(1000, 0.1)],
  limits: { failedShare: 0, connectP99Ms: 60_000 },
};
const options = { signal: new AbortController().signal, told: () => undefined };
const go = (environment: Readonly<Record<string, string>>) =>
  runProfile(profile, settingsFrom(environment), options);
const failed = (verdicts: ReturnType<typeof judge>) =>
  verdicts.filter(({ passed }) => passed === false).map(({ what }) => what);

describe('a run', () => {
  it('visits all targets, and is judged', async () => {
    const http = await at(createHttpServer((_, response) => response.end('web-1')));
    const tcp = await at(createServer((socket) => socket.end('web-1')));
    const result = await go({
      LOAD_HTTP: http,
      LOAD_TCP: tcp,
      LOAD_AFFINITY: http,
      LOAD_SOURCES: '127.0.0.7',
    });
    expect(result).toMatchObject({ begun: 100, visits: 100, failed: 0, notStarted: 0 });
    expect(result.targets.map(({ target, backends }) => [target, backends])).toEqual([
      [`http ${http}`, { 'web-1': 34 }],
      [`tcp ${tcp}`, { 'web-1': 33 }],
      [`affinity ${http}`, { 'web-1': 33 }],
    ]);
    expect(result.targets[2]?.affinity).toEqual({ clients: 1, changes: 0, violations: 0 });
    expect(failed(judge(result, profile.limits))).toEqual([]);
  });

  it('finds the visits that a server resets', async () => {
    let visits = 0;
    const tcp = await at(
      createServer((socket) => {
        socket.on('error', () => undefined);
        if (++visits % 10 === 0) socket.resetAndDestroy();
        else socket.end('web-1');
      }),
    );
    const result = await go({ LOAD_TCP: tcp });
    expect(result.targets[0]?.failures).toEqual([{ kind: 'reset', count: 10, first: 'read ECONNRESET' }]);
    expect(failed(judge(result, profile.limits))).toEqual(['failed visits']);
  });

  it('finds clients that are not held', async () => {
    let visits = 0;
    const http = await at(createHttpServer((_, response) => response.end(`web-${visits++ % 2}`)));
    const result = await go({ LOAD_AFFINITY: http });
    expect(result.targets[0]?.affinity?.violations).toBeGreaterThan(0);
    expect(failed(judge(result, profile.limits))).toEqual([`one backend for each client, affinity ${http}`]);
  });
});
