import { afterEach, describe, expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { startStatusServer, type StatusServer } from './status-server.js';

let server: StatusServer | undefined;

afterEach(async () => server?.close());

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${server?.port ?? 0}${path}`);
  return { status: response.status, text: await response.text() };
}

describe('status server', () => {
  it('tells health, readiness and metrics', async () => {
    const metrics = new Registry();
    new Counter({ name: 'sluice_things_total', help: 'Things.', registers: [metrics] }).inc(3);
    const ready = () => 'Open vSwitch does not answer';
    server = await startStatusServer({
      host: '127.0.0.1',
      port: 0,
      healthy: () => undefined,
      ready,
      metrics,
    });
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await get('/readyz')).toEqual({ status: 503, text: 'Open vSwitch does not answer\n' });
    expect((await get('/metrics')).text).toContain('sluice_things_total 3');
    expect((await get('/nothing')).status).toBe(404);
  });

  it('shows the pages of its process, and why one cannot be shown', async () => {
    const well = () => undefined;
    const pages = {
      moves: () => Promise.resolve([{ slots: 3 }]),
      lost: () => Promise.reject(new Error('Redis does not answer')),
    };
    const metrics = new Registry();
    server = await startStatusServer({
      host: '127.0.0.1',
      port: 0,
      healthy: well,
      ready: well,
      metrics,
      pages,
    });
    const { status, text } = await get('/moves');
    expect([status, JSON.parse(text)]).toEqual([200, [{ slots: 3 }]]);
    expect(await get('/lost')).toMatchObject({
      status: 503,
      text: expect.stringContaining('Redis') as unknown,
    });
    expect((await get('/constructor')).text).toBe(
      'not found; there are /healthz, /readyz, /metrics, /moves, /lost\n',
    );
  });
});
