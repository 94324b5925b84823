import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { ProxyHealth } from './proxy-health.js';

let state: { healthy: boolean; eligible: boolean };
let clock: ManualClock;
let port: number;
let health: ProxyHealth;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '::');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

async function ask(path: string) {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    if (answer !== undefined) return { status: answer.status, text: await answer.text() };
  }
}

beforeEach(async () => {
  state = { healthy: true, eligible: true };
  clock = new ManualClock();
  port = await freePort();
  const rest = { port, clock, logger: silentLogger };
  health = new ProxyHealth({ ...rest, isHealthy: () => state.healthy, isEligible: () => state.eligible });
});
afterEach(() => health.stop());

describe('a service proxy', () => {
  test.each([
    ['does its work', { healthy: true, eligible: true }, { healthz: 200, livez: 200 }],
    ['gives its slots away', { healthy: true, eligible: false }, { healthz: 503, livez: 200 }],
    ['does not do its work', { healthy: false, eligible: true }, { healthz: 503, livez: 503 }],
  ])('that %s', async (_, now, expected) => {
    state = now;
    health.start();
    const answer = await ask('/healthz');
    expect(answer.status).toBe(expected.healthz);
    expect(JSON.parse(answer.text)).toMatchObject({ nodeEligible: now.eligible });
    expect((await ask('/livez')).status).toBe(expected.livez);
  });

  test('says when it was well last', async () => {
    health.start();
    const first = JSON.parse((await ask('/healthz')).text) as { lastUpdated: string };
    state.healthy = false;
    clock.advance(60_000);
    const later = JSON.parse((await ask('/healthz')).text) as { lastUpdated: string; currentTime: string };
    expect(later.lastUpdated).toBe(first.lastUpdated);
    expect(Date.parse(later.currentTime) - Date.parse(later.lastUpdated)).toBe(60_000);
  });

  test('knows no other page', async () => {
    health.start();
    expect((await ask('/')).status).toBe(404);
  });

  test('waits for a port that another program has', async () => {
    const other = createServer().listen(port, '::');
    await once(other, 'listening');
    health.start();
    // The refusal comes in a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    other.close();
    await once(other, 'close');
    clock.advance(30_000);
    expect((await ask('/livez')).status).toBe(200);
  });
});
