import { createServer } from 'node:net';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Logger, silentLogger } from '@sluice/core';
import { type ServiceHealth } from '@sluice/model';
import { HealthChecks } from './health-checks.js';

let isHealthy: boolean;
let warnings: number;
let checks: HealthChecks;

beforeEach(() => {
  isHealthy = true;
  warnings = 0;
  const logger: Logger = {
    ...silentLogger,
    warn: () => {
      warnings++;
    },
  };
  checks = new HealthChecks({ logger, isHealthy: () => isHealthy });
});
afterEach(() => checks.stop());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const check = (port: number, endpoints: number): ServiceHealth => ({
  ...{ port, endpoints },
  ...{ namespace: 'shop', name: 'web' },
});

async function ask(port: number) {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer !== undefined)
      return { status: answer.status, headers: answer.headers, body: await answer.json() };
  }
}

const refuses = async (port: number): Promise<void> => {
  await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow();
};

describe('a health check node port', () => {
  test('answers as kube-proxy does', async () => {
    const port = await freePort();
    checks.update([check(port, 2)]);
    const { status, headers, body } = await ask(port);
    expect(status).toBe(200);
    expect(body).toEqual({
      service: { namespace: 'shop', name: 'web' },
      localEndpoints: 2,
      serviceProxyHealthy: true,
    });
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-load-balancing-endpoint-weight')).toBe('2');
  });

  test('says no without endpoints, and when the gateway does not do its work', async () => {
    const port = await freePort();
    checks.update([check(port, 0)]);
    expect((await ask(port)).status).toBe(503);
    checks.update([check(port, 1)]);
    expect((await ask(port)).status).toBe(200);
    isHealthy = false;
    expect(await ask(port)).toMatchObject({
      status: 503,
      body: { localEndpoints: 1, serviceProxyHealthy: false },
    });
  });

  test('is closed when the Service has it no more', async () => {
    const port = await freePort();
    checks.update([check(port, 1)]);
    await ask(port);
    checks.update([]);
    await refuses(port);
  });

  test('that somebody else has is told once, and taken when it is free', async () => {
    const other = createServer().listen(0, '::');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const fails = async (times: number): Promise<void> => {
      while (warnings < times) await new Promise(setImmediate);
    };
    checks.update([check(port, 1)]);
    await fails(1);
    checks.update([check(port, 1)]);
    other.close();
    await once(other, 'close');
    checks.update([check(port, 1)]);
    checks.update([check(port, 1)]);
    expect((await ask(port)).status).toBe(200);
    expect(warnings).toBe(1);
  });
});
