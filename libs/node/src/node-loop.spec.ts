/** What a pass does in which order and when there is another; a gateway whose parts only write down what they are told. */
import { afterEach, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { Compiler } from '@sluice/datapath';
import { type GlobalSlot, nodeIdAnnotation, type World } from '@sluice/model';
import { type NetworkEvent } from '@sluice/netlink';
import { Registry } from 'prom-client';
import { ChangeTimes } from './commit/change-times.js';
import { commitMetrics } from './commit/metrics.js';
import { type HostFacts } from './facts/host-facts.js';
import { NodeLoop, type NodeLoopOptions } from './node-loop.js';
import { NodeProblem } from './report/problem.js';
import { type NodeReport } from './report/reporter.js';
import { type SlotKeeper } from './slots/slot-keeper.js';
import { type SwitchState } from './switch/switch.js';

const uplink = {
  ...{ interface: 'eth1', mac: '02:5c:18:00:00:03', addresses: ['198.18.0.3/24'], mtu: 1500 },
};
const underlay: HostFacts['underlay'] = {
  ...{ interface: 'eth0', mac: '02:5c:0a:00:00:03', mtu: 1450, address: '10.0.0.3', family: 4 },
};
const eth1 = { nic: 'eth1', bridge: 'br-sluice', mac: uplink.mac, mtu: 1500, addresses: [], routes: [] };
/** Of a pool with id 1. */
const slot: GlobalSlot = 1024;
const absent: SwitchState = { kind: 'absent', message: 'nobody answers' };
const ready: SwitchState = { kind: 'ready', version: '3.1.0' };

/** A gateway that is in the order of the one slot of a pool, which has one address. */
const world = (hasId = true): World => ({
  ...{ namespaces: [], pods: [], serviceCidrs: [], services: [], endpointSlices: [], leases: [] },
  nodes: [
    {
      metadata: {
        ...{ name: 'gw', uid: '3' },
        annotations: hasId ? { [nodeIdAnnotation]: '3' } : {},
      },
      ...{ spec: {}, status: {} },
    },
  ],
  gateways: [
    {
      metadata: { name: 'gw' },
      spec: { nodeName: 'gw', uplinkInterface: 'eth1', capacity: 1, draining: false },
    },
  ],
  pools: [
    {
      metadata: { name: 'default' },
      spec: {
        ranges: [{ cidr: '198.18.0.96/32' }],
        uplink: { nextHops: ['198.18.0.1'] },
        ...{ slots: 1, dualStack: 'Single' },
      },
      status: { id: 1, slots: [{ slot: 0, order: ['gw'], holder: 'gw', epoch: 1 }] },
    },
  ],
  addresses: [
    {
      metadata: { name: 'default-198.18.0.96' },
      spec: {
        ...{ id: 1, pool: 'default', slot: 0, addresses: ['198.18.0.96'] },
        claim: { kind: 'Namespace', name: 'shop', uid: '1' },
      },
    },
  ],
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Until nothing is left to do but to wait for time or for news. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

const running: NodeLoop[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((loop) => loop.stop()));
});

/** News of the kernel, one after the other. */
class Events {
  private readonly waiting: NetworkEvent[] = [];
  private wake: () => void = () => undefined;

  push(event: NetworkEvent): void {
    this.waiting.push(event);
    this.wake();
  }

  async *read(signal: AbortSignal): AsyncGenerator<NetworkEvent> {
    signal.addEventListener('abort', () => this.wake());
    while (!signal.aborted) {
      yield* this.waiting.splice(0);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

class Rig {
  /** What the parts were told, in order; each `did` begins anew. */
  private log: string[] = [];
  readonly clock = new ManualClock();
  readonly events = new Events();
  readonly reports: NodeReport[] = [];
  readonly open = new Set<GlobalSlot>();
  world: World = world();
  isSynced = true;
  knowsNode = true;
  state: SwitchState = ready;
  host: HostFacts = { underlay, uplink, nics: [eth1] };
  /** The next commit fails with it. */
  failure: Error | undefined;
  /** A commit waits for it. */
  held: Promise<void> | undefined;
  switchChanged: () => void = () => undefined;
  slotsChanged: () => void = () => undefined;
  readonly loop: NodeLoop;

  constructor(options: Partial<NodeLoopOptions> = {}) {
    const metrics = commitMetrics(new Registry());
    this.loop = new NodeLoop({
      ...{ nodeName: 'gw', roles: { agent: false, gateway: true }, datapath: 'system', clusterCidrs: [] },
      ...{ defaultLoadBalancer: false, uplinkPort: 1, metrics, logger: silentLogger, clock: this.clock },
      changes: new ChangeTimes({
        ...{ clock: this.clock, logger: silentLogger, seconds: metrics.changeSeconds },
      }),
      ...{ compiler: new Compiler(), keeper: this.keeper(), ...this.parts() },
      ...options,
    });
    running.push(this.loop);
    this.loop.start();
  }

  /** What happened since it was asked last. */
  async did(): Promise<readonly string[]> {
    await settle();
    return this.log.splice(0);
  }

  private tell(...words: readonly string[]): Promise<void> {
    this.log.push(...words);
    return Promise.resolve();
  }

  private keeper(): SlotKeeper {
    return {
      ...{ open: this.open, leaving: 0, start: () => undefined, stop: () => Promise.resolve() },
      switchChanged: () => void this.tell('keeper: switch changed'),
      onAnnounceAgain: () => undefined,
      onChange: (listener) => {
        this.slotsChanged = listener;
      },
      update: ({ slots }) => void this.tell(`keeper: ${slots.map((duty) => duty.slot).join()}`),
    };
  }

  private parts(): Pick<
    NodeLoopOptions,
    'watch' | 'switch' | 'network' | 'nft' | 'hostFacts' | 'takeover' | 'committer' | 'reporter'
  > {
    const { events } = this;
    const now = (): Pick<this, 'isSynced' | 'knowsNode' | 'world' | 'state'> => this;
    return {
      watch: {
        get isSynced() {
          return now().isSynced;
        },
        get knowsNode() {
          return now().knowsNode;
        },
        world: () => this.world,
      },
      switch: {
        get state() {
          return now().state;
        },
        onChange: (listener) => {
          this.switchChanged = listener;
        },
        restored: () => this.tell('restored'),
        send: (frames) => this.tell(`${String(frames.length)} frames`),
      },
      network: {
        monitor: (signal) => events.read(signal),
        routes: () => Promise.resolve([]),
        writeSysctl: (key) => this.tell(`sysctl ${[key].flat().join('.')}`),
      },
      nft: { ensure: () => Promise.resolve({ rebuilt: [], added: 0, removed: 0 }) },
      hostFacts: {
        read: () => {
          void this.tell('host read');
          return Promise.resolve({ ...this.host });
        },
      },
      takeover: { settle: ({ nic }) => this.tell(`${nic} settled`) },
      committer: {
        forget: () => void this.tell('forgotten'),
        repairHost: () => this.tell('host repaired'),
        commit: async () => {
          await this.held;
          const { failure } = this;
          this.failure = undefined;
          if (failure !== undefined) throw failure;
          await this.tell('commit');
        },
      },
      reporter: {
        report: (report) => {
          this.reports.push(report);
          return Promise.resolve();
        },
      },
    };
  }
}

const whole = ['host read', 'commit', 'restored', 'host repaired', 'eth1 settled', 'keeper: 1024'];

test('nothing is done and nothing told before all lists are complete', async () => {
  const rig = new Rig();
  rig.isSynced = false;
  rig.knowsNode = false;
  rig.loop.mark();
  expect(await rig.did()).toEqual([]);
  expect(rig.reports).toEqual([]);
  rig.isSynced = true;
  rig.knowsNode = true;
  rig.loop.mark();
  expect(await rig.did()).toEqual(whole);
  expect(rig.loop.currentProblem).toBeUndefined();
  expect(rig.reports.at(-1)).toMatchObject({ problem: undefined, ovsVersion: '3.1.0', leavingSlots: 0 });
});

test('the host is read while other lists still come', async () => {
  const rig = new Rig();
  rig.isSynced = false;
  rig.loop.mark();
  expect(await rig.did()).toEqual(['host read']);
  rig.loop.mark();
  expect(await rig.did()).toEqual([]);
  expect(rig.reports).toEqual([]);
  rig.isSynced = true;
  rig.loop.mark();
  expect(await rig.did()).toEqual(whole.slice(1));
});

test('the host is put right with the first commit, also when that waited for the controller', async () => {
  const rig = new Rig();
  rig.world = world(false);
  rig.loop.mark();
  expect(await rig.did()).toEqual(['host read']);
  // It is not ready, and says nothing bad of itself either.
  expect(rig.loop.currentProblem).toBeDefined();
  expect(rig.reports.map(({ problem }) => problem)).toEqual([undefined]);
  rig.world = world();
  rig.loop.mark();
  expect(await rig.did()).toEqual(whole.slice(1));
  expect(rig.loop.currentProblem).toBeUndefined();
});

test('what changes in the cluster is committed; the host is left alone until it changes', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  rig.loop.mark();
  expect(await rig.did()).toEqual(['commit', 'restored', 'keeper: 1024']);
  rig.events.push({ kind: 'link', dev: 'veth1' });
  expect(await rig.did()).toEqual(['commit', 'restored', 'keeper: 1024']);
  rig.events.push({ kind: 'link', dev: 'eth1' });
  expect(await rig.did()).toEqual(whole);
});

test('the NICs of the userspace datapath are silent', async () => {
  const rig = new Rig({ datapath: 'netdev' });
  rig.loop.mark();
  const done = await rig.did();
  expect(done.filter((what) => what.startsWith('sysctl ')).length).toBeGreaterThan(0);
  expect(done.every((what) => !what.startsWith('sysctl ') || what.includes('eth1'))).toBe(true);
});

test('without Open vSwitch there is no pass; when it is back, all is read and committed again', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  rig.state = absent;
  rig.switchChanged();
  expect(await rig.did()).toEqual(['forgotten', 'keeper: switch changed', 'forgotten']);
  expect(rig.loop.currentProblem).toMatchObject({ reason: 'OVSUnavailable', message: 'nobody answers' });
  expect(rig.reports.at(-1)).toMatchObject({
    problem: { reason: 'OVSUnavailable' },
    ovsVersion: undefined,
  });
  rig.state = ready;
  rig.switchChanged();
  expect(await rig.did()).toEqual(['forgotten', 'keeper: switch changed', ...whole]);
  expect(rig.reports.at(-1)?.problem).toBeUndefined();
});

test('an Open vSwitch that is too old is told, and not touched', async () => {
  const rig = new Rig();
  rig.state = { kind: 'too-old', version: '2.17.0' };
  rig.loop.mark();
  expect(await rig.did()).toEqual(['forgotten']);
  expect(rig.loop.currentProblem).toMatchObject({ reason: 'OVSTooOld' });
});

test('after a failure everything is looked at again, with back-off', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  rig.failure = new NodeProblem('OVSRefused', 'table is full');
  rig.loop.mark();
  expect(await rig.did()).toEqual(['forgotten']);
  expect(rig.loop.currentProblem).toMatchObject({ reason: 'OVSRefused', message: 'table is full' });
  rig.clock.advance(99);
  expect(await rig.did()).toEqual([]);
  rig.clock.advance(1);
  expect(await rig.did()).toEqual(whole);
  expect(rig.loop.currentProblem).toBeUndefined();
});

test('a process that has just started tells of a failure only when it lasts', async () => {
  const rig = new Rig();
  rig.state = absent;
  rig.loop.mark();
  await rig.did();
  expect(rig.reports).toEqual([]);
  for (const ms of [100, 200, 400]) {
    expect(rig.reports).toEqual([]);
    rig.clock.advance(ms);
    await rig.did();
  }
  expect(rig.reports.at(-1)?.problem).toMatchObject({ reason: 'OVSUnavailable' });
});

test('addresses are announced and reported when their slot opens', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  expect([...(rig.reports.at(-1)?.held ?? [])]).toEqual([]);
  rig.open.add(slot);
  rig.slotsChanged();
  expect(await rig.did()).toEqual(['1 frames']);
  expect([...(rig.reports.at(-1)?.held ?? [])]).toEqual(['198.18.0.96']);
});

test('the keeper hears of slots while a pass is under way', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  let release: () => void = () => undefined;
  rig.held = new Promise((resolve) => {
    release = resolve;
  });
  rig.loop.mark();
  expect(await rig.did()).toEqual([]);
  rig.loop.markDuties();
  expect(await rig.did()).toEqual(['keeper: 1024']);
  release();
  expect(await rig.did()).toEqual(['commit', 'restored', 'keeper: 1024']);
});

test('after its end nothing is done any more', async () => {
  const rig = new Rig();
  rig.loop.mark();
  await rig.did();
  await rig.loop.stop();
  rig.loop.mark();
  rig.switchChanged();
  expect(await rig.did()).toEqual(['forgotten', 'keeper: switch changed']);
});
