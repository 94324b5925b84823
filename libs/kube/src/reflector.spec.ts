/** On a real API server: watches that bring nothing, because nothing happens or because nobody answers. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import { type Logger, silentLogger, systemClock } from '@sluice/core';
import { type BackoffLimits } from './backoff.js';
import { KubeClient, type KubeReader } from './client.js';
import { KubeRefusedError, unreachable } from './errors.js';
import { loadClusterConfig } from './cluster-config.js';
import { Reflector } from './reflector.js';
import { type Service, services } from './resources.js';
import { RealApiServer } from './testing/real-apiserver.js';

jest.setTimeout(120_000);

/** Shorter than the time in which a server sends bookmarks. */
const watchdogMs = 1200;

let server: RealApiServer;
let client: KubeClient;
let watches = 0;
const warnings: string[] = [];

/** The real one, counted. */
const counting: KubeReader = {
  list: (resource, query) => client.list(resource, query),
  watch: (resource, query) => {
    watches++;
    return client.watch(resource, query);
  },
};
const logger: Logger = {
  ...silentLogger,
  warn: (...said: readonly unknown[]) => warnings.push(String(said.at(-1))),
  child: () => logger,
};

let reflector: Reflector<Service>;

const follower = (reader: KubeReader, backoff: BackoffLimits): Reflector<Service> =>
  new Reflector({
    ...{ client: reader, clock: systemClock, logger, watchdogMs, backoff },
    ...{ resource: services, namespace: 'default' },
  });

const create = async (name: string): Promise<void> => {
  const metadata = { namespace: 'default', name };
  await client.create(services, { metadata, spec: { ports: [{ port: 80 }] } });
  await until(() => reflector.get(`default/${name}`) !== undefined);
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(20);
}

beforeAll(async () => {
  server = await RealApiServer.start();
  client = new KubeClient(await loadClusterConfig({ kubeconfig: server.kubeconfigFile }), { timeoutMs: 500 });
  reflector = follower(counting, { firstMs: 50, mostMs: 200 });
  reflector.start();
  await reflector.synced;
});

afterAll(async () => {
  await reflector.stop();
  await client.close();
  await server.stop();
});

describe('a watch that brings nothing for long', () => {
  it('is begun anew without a word while the server answers', async () => {
    const before = watches;
    await until(() => watches >= before + 3);
    expect(warnings).toEqual([]);
    expect(reflector.state).toBe('watching');
    await create('before');
  });

  it('is told once when the server does not answer, until it does', async () => {
    const size = reflector.size;
    server.signal('SIGSTOP');
    try {
      await until(() => reflector.state === 'disconnected');
      expect(warnings).toEqual([expect.stringContaining('lost the API server')]);
      expect(reflector.size).toBe(size);
    } finally {
      server.signal('SIGCONT');
    }
    // Whether anything happens or not.
    await until(() => reflector.state === 'watching');
    await create('after');
  });
});

it('tries again at once when the server answers somebody else', async () => {
  const patient = follower(client, { firstMs: 3_600_000, mostMs: 3_600_000 });
  patient.start();
  try {
    await patient.synced;
    server.signal('SIGSTOP');
    await until(() => patient.state === 'disconnected');
    server.signal('SIGCONT');
    await client.list(services, { namespace: 'default' });
    await until(() => patient.state === 'watching');
  } finally {
    server.signal('SIGCONT');
    await patient.stop();
  }
});

it('lists again soon when the server is back and knows no history, however long it was away', async () => {
  const firstMs = 200;
  const waits: number[] = [];
  const outcomes: readonly Error[] = [
    ...Array.from({ length: 10 }, () => unreachable('WATCH', new Error('refused'))),
    new KubeRefusedError('WATCH', 410, { reason: 'Expired' }),
  ];
  let watched = 0;
  const reader: KubeReader = {
    list: (resource, query) => client.list(resource, query),
    watch: (resource, query) => {
      const outcome = outcomes[watched++];
      if (outcome !== undefined) throw outcome;
      return client.watch(resource, query);
    },
  };
  const impatient = new Reflector<Service>({
    ...{ client: reader, logger: silentLogger, resource: services, namespace: 'default', watchdogMs },
    backoff: { firstMs, mostMs: 3_600_000 },
    clock: {
      ...systemClock,
      after: (ms, run) => {
        if (ms === watchdogMs) return systemClock.after(ms, run);
        waits.push(ms);
        return systemClock.after(0, run);
      },
    },
  });
  impatient.start();
  try {
    await until(() => watched > outcomes.length);
    expect(waits[outcomes.length - 1]).toBeLessThanOrEqual(firstMs);
    expect(Math.max(...waits)).toBeGreaterThan(100 * firstMs);
  } finally {
    await impatient.stop();
  }
});

it('may begin with what the server has in its cache, and asks for the newest ever after', async () => {
  const asked: (string | undefined)[] = [];
  const expired = new KubeRefusedError('WATCH', 410, { reason: 'Expired' });
  const reader: KubeReader = {
    list: (resource, query) => {
      asked.push(query?.resourceVersion);
      return client.list(resource, query);
    },
    watch: (resource, query) => {
      if (asked.length < 2) throw expired;
      return client.watch(resource, query);
    },
  };
  const cached = new Reflector<Service>({
    ...{ client: reader, clock: systemClock, logger: silentLogger, backoff: { firstMs: 20, mostMs: 20 } },
    ...{ resource: services, firstFromCache: true },
  });
  cached.start();
  try {
    await cached.synced;
    expect(cached.get('default/kubernetes')).toBeDefined();
    await until(() => cached.state === 'watching');
    expect(asked).toEqual(['0', undefined]);
  } finally {
    await cached.stop();
  }
});
