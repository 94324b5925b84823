/** On a real API server: what people find of the events that a process tells. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { type Clock, type Logger } from '@sluice/core';
import { KubeClient } from './client.js';
import { loadClusterConfig } from './cluster-config.js';
import { EventRecorder, type NewEvent } from './event-recorder.js';
import { events, type KubeEvent } from './resources.js';
import { RealApiServer } from './testing/real-apiserver.js';

jest.setTimeout(120_000);

const minute = 60_000;
/** Each test tells about a gateway of its own: the last writes of one may come after its end. */
let gateway = '';
let tests = 0;
let lost: NewEvent;
let back: NewEvent;

let server: RealApiServer;
let client: KubeClient;
let nowMs: number;
let warnings: unknown[];
let recorder: EventRecorder;

const clock: Clock = {
  monotonicMs: () => nowMs,
  wallMs: () => Date.UTC(2026, 0, 1) + nowMs,
  after: () => () => undefined,
};

async function told(): Promise<readonly KubeEvent[]> {
  const all = await client.listAll(events, { namespace: 'default' });
  return all.filter(({ regarding }) => regarding?.name === gateway);
}

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await setImmediate();
  }
}

const countOf = ({ series }: KubeEvent): number => series?.count ?? 1;
const sum = (found: readonly KubeEvent[]): number => found.reduce((all, event) => all + countOf(event), 0);

beforeAll(async () => {
  server = await RealApiServer.start();
  client = new KubeClient(await loadClusterConfig({ kubeconfig: server.kubeconfigFile }));
});

beforeEach(() => {
  gateway = `gateway-${++tests}`;
  lost = {
    regarding: { kind: 'EgressGateway', name: gateway, uid: `uid-${gateway}` },
    type: 'Warning',
    reason: 'OVSUnavailable',
    message: 'Open vSwitch does not answer',
  };
  back = { ...lost, type: 'Normal', reason: 'Programmed', message: 'The node works again.' };
  nowMs = 0;
  warnings = [];
  const logger = { warn: (...what: unknown[]) => warnings.push(what) } as unknown as Logger;
  recorder = new EventRecorder({ client, clock, logger, component: 'sluice-gateway', instance: gateway });
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

describe('EventRecorder', () => {
  it('writes who tells what about whom', async () => {
    recorder.record(lost);
    const [event] = await until(told, (found) => found.length > 0);
    expect(event).toMatchObject({
      reason: 'OVSUnavailable',
      note: 'Open vSwitch does not answer',
      type: 'Warning',
      reportingController: 'sluice.dev/gateway',
      reportingInstance: gateway,
      regarding: { apiVersion: 'sluice.dev/v1alpha1', ...lost.regarding },
    });
    expect(warnings).toEqual([]);
  });

  it('shows an event that comes again as one more of its series, with its time', async () => {
    for (const atMs of [0, minute, 2 * minute]) {
      nowMs = atMs;
      recorder.record(lost);
      recorder.record(back);
      await until(told, (found) => sum(found) === 2 * (atMs / minute + 1));
    }
    const found = await told();
    expect(found).toHaveLength(2);
    for (const { eventTime, series } of found) {
      expect(eventTime).toBe('2026-01-01T00:00:00.000000Z');
      expect(series).toEqual({ count: 3, lastObservedTime: '2026-01-01T00:02:00.000000Z' });
    }
    expect(warnings).toEqual([]);
  });

  it('counts events that come faster than they are written', async () => {
    for (let n = 0; n < 5; n++) recorder.record(lost);
    expect(await until(told, (found) => sum(found) === 5)).toHaveLength(1);
  });

  it('begins a new series when the last one is ten minutes old', async () => {
    recorder.record(lost);
    await until(told, (found) => found.length === 1);
    nowMs = 10 * minute;
    recorder.record(lost);
    const found = await until(told, (all) => all.length === 2);
    expect(found.map(countOf)).toEqual([1, 1]);
  });

  it('writes an event anew that the API server has forgotten', async () => {
    recorder.record(lost);
    const [first] = await until(told, (found) => found.length === 1);
    await client.delete(events, { namespace: 'default', name: first?.metadata.name ?? '' });
    nowMs = minute;
    recorder.record(lost);
    expect(await until(told, (found) => found.length === 1)).toMatchObject([{ reason: 'OVSUnavailable' }]);
    expect(warnings).toEqual([]);
  });

  it('goes on after a write that failed', async () => {
    await server.stopServer();
    recorder.record(lost);
    await until(
      () => Promise.resolve(warnings.length),
      (count) => count > 0,
    );
    await server.startServer();
    recorder.record(lost);
    await until(told, (found) => found.length === 1);
  });

  it('only logs what goes beyond sixty a minute', async () => {
    for (let n = 0; n < 70; n++) recorder.record({ ...lost, message: `problem ${n}` });
    await until(told, (found) => found.length === 60);
    expect(warnings).toHaveLength(10);
    nowMs = minute;
    recorder.record(back);
    await until(told, (found) => found.length === 61);
  });
});
