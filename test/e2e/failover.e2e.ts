/** Addresses move between gateways: by themselves when something dies, by plan when somebody asks; connections stay. */
import { execFile } from 'node:child_process';
import { setTimeout as lasting } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { allLanes, crowdLanes, lanesOf, type NodeFault, podNetwork, Traffic } from '@sluice/lab';
import { crash } from './support/components.js';
import {
  failApi,
  failNode,
  failRedis,
  forgetSnapshot,
  redis,
  repairLab,
  stepRedisClock,
} from './support/faults.js';
import { clockOf, closeClocks, openClocks, stepClock } from './support/gateway-clocks.js';
import { eventually, kubectlJson, labStatus } from './support/lab.js';
import {
  drain,
  each,
  gateways,
  MovingEgress,
  otherGateway,
  type Seen,
  server,
  slots,
} from './support/moving-egress.js';
import { undisturbed } from './support/stalls.js';

const egress = new MovingEgress('e2e-failover', { ipv4: '198.18.0.114', ipv6: '2001:db8:18::114' });

interface GatewayState {
  readonly status?: {
    readonly leavingSlots?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
}

/** Of each gateway, whether it is ready and since when. */
const readiness = (): Promise<readonly unknown[]> =>
  Promise.all(
    gateways.map(async (name) => {
      const { status } = await kubectlJson<GatewayState>('get', 'egressgateway', name);
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      return [name, ready?.status, ready?.lastTransitionTime];
    }),
  );

/** Slots of which a former holder still has its part. */
async function leavingSlots(gateway: string): Promise<number> {
  const { status } = await kubectlJson<GatewayState>('get', 'egressgateway', gateway);
  return status?.leavingSlots ?? 0;
}

/** Local ports of the client's TCP connections, as its own kernel shows them. */
async function openConnections(): Promise<readonly string[]> {
  const command = [`--net=${podNetwork(egress.uid)}`, 'ss', '-Htn', 'state', 'established'];
  const { stdout } = await promisify(execFile)('nsenter', command);
  return [...stdout.matchAll(/:(\d+)\s+\S+:9000\b/g)].map(([, port = '']) => port);
}

/** Source ports of Pods that a gateway's conntrack knows, by its own connections and by copies of another one's. */
async function knownPorts(gateway: string): Promise<ReadonlySet<string>> {
  const { nodes } = await labStatus();
  const directory = nodes.find(({ name }) => name === gateway)?.ovsRunDir ?? '';
  // By its socket, since the number in its pid file is one of its container; killed ones leave theirs behind.
  const dump = `ovs-appctl -t "$(ls -t ${directory}/ovs-vswitchd.*.ctl | head -n 1)" dpctl/dump-conntrack zone=1`;
  const { stdout } = await promisify(execFile)('sh', ['-c', dump]);
  return new Set([...stdout.matchAll(/orig=\([^)]*,sport=(\d+),/g)].map(([, port = '']) => port));
}

/** Whether it knows those that were there before it was asked and still are: the lane of new connections has others then. */
async function knowsAll(gateway: string): Promise<boolean> {
  const before = new Set(await openConnections());
  const known = await knownPorts(gateway);
  const lasting = (await openConnections()).filter((port) => before.has(port));
  return lasting.length > 0 && lasting.every((port) => known.has(port));
}

async function repaired(): Promise<void> {
  for (const gateway of gateways) await drain(gateway, false);
  await repairLab();
}

/** Nothing is broken, drained or moving, also when an attempt ended in the middle. */
async function calm(): Promise<void> {
  await repaired();
  await egress.settled();
}

beforeAll(() => egress.open());

beforeEach(async () => {
  await egress.settled();
});

// A test that fails leaves nothing broken to the next one.
afterEach(repaired);

afterAll(() => egress.close());

/** Lets the outage last so long. */
async function whileAway(ms: number): Promise<void> {
  await lasting(ms);
  await repairLab();
}

describe('nothing moves, and 0 packets are lost, when', () => {
  it.each<[string, (holder: string) => Promise<unknown>]>([
    ['the store is wiped', () => redis('FLUSHALL')],
    ['the store is silent', () => redis('CLIENT', 'PAUSE', '3000', 'ALL').then(() => redis('PING'))],
    ['the store dies and comes back empty', () => failRedis().then(() => whileAway(3000))],
    [
      "the store's clock is set an hour ahead, so that every lease ends, and back",
      () => stepRedisClock().then(() => whileAway(3000)),
    ],
    ['the API server is away', () => failApi().then(() => whileAway(3000))],
    [
      'the holder is cut off from the store',
      (name) => failNode(name, 'redis-link').then(() => whileAway(3000)),
    ],
    [
      'the holder is cut off from the API server',
      (name) => failNode(name, 'api-link').then(() => whileAway(3000)),
    ],
    [
      'the holder is cut off from both',
      (name) =>
        Promise.all([failNode(name, 'redis-link'), failNode(name, 'api-link')]).then(() => whileAway(3000)),
    ],
    ['the process of the holder is killed', (name) => crash('gateway', name)],
    [
      'the process of the holder hangs',
      (name) => failNode(name, 'process', 'freeze').then(() => whileAway(2000)),
    ],
  ])('%s', (_what, disturb) =>
    undisturbed(async () => {
      await calm();
      const before = await egress.holder();
      const seen = await egress.under(() => disturb(before));
      egress.expectUnharmed(seen);
      expect(await egress.holder()).toBe(before);
    }),
  );
});

it('nothing moves, and 0 packets are lost, when the store comes back from a snapshot of before the last move', () =>
  undisturbed(async () => {
    await calm();
    const former = await egress.holder();
    await redis('SAVE');
    await drain(former, true);
    await egress.movesTo(otherGateway(former));
    try {
      // Connections that began a moment ago may be the former holder's.
      const fault = () => failRedis().then(() => whileAway(1000));
      const seen = await egress.under(fault, { planned: true });
      egress.expectUnharmed(seen);
      expect(await egress.holder()).toBe(otherGateway(former));
    } finally {
      await forgetSnapshot();
    }
  }));

describe('nothing moves, and 0 packets are lost, when the clock of the holder is set', () => {
  const hour = 3600;
  beforeAll(openClocks);
  afterAll(closeClocks);

  it.each([
    ['ahead', hour],
    ['back', -hour],
  ])('an hour %s, and right again', (_, seconds) =>
    undisturbed(async () => {
      await calm();
      const before = await egress.holder();
      const ready = await readiness();
      const off = async (): Promise<number> => (await clockOf(before)) - Date.now();
      const seen = await egress.under(async () => {
        await stepClock(before, seconds);
        const isOff = async (): Promise<boolean> => Math.abs((await off()) - seconds * 1000) < 60_000;
        await eventually('the gateway to have another time', isOff);
        // What the controller makes of it shows by the next renewal.
        const told = await clockOf(before);
        await eventually('the Lease to be renewed', async () => (await clockOf(before)) > told);
        await stepClock(before, 0);
        await eventually('the gateway to have the time again', async () => Math.abs(await off()) < 60_000);
      });
      egress.expectUnharmed(seen);
      expect(await egress.holder()).toBe(before);
      expect(await readiness()).toEqual(ready);
    }),
  );
});

describe('another gateway takes over, no connection breaks, and nobody hears two holders, when', () => {
  it.each<[string, ...NodeFault[]]>([
    ['ovs-vswitchd of the holder dies', 'ovs'],
    ['the uplink of the holder is dead behind the switch', 'uplink'],
    ['the underlay of the holder is dead behind the switch', 'underlay'],
    ['uplink and underlay of the holder are dead', 'uplink', 'underlay'],
    ['the node of the holder dies', 'node'],
  ])('%s', async (_what, ...faults) => {
    const from = await egress.holder();
    const seen = await egress.under(async () => {
      await Promise.all(faults.map((fault) => failNode(from, fault, 'die')));
      await egress.movesTo(otherGateway(from));
    });
    egress.expectKept(seen);
  });

  it('the node of the holder dies while the API server is away', async () => {
    const from = await egress.holder();
    const seen = await egress.under(async () => {
      await failApi();
      await failNode(from, 'node', 'die');
      await whileAway(5000);
      await egress.movesTo(otherGateway(from));
    });
    egress.expectKept(seen);
  });

  it('ovs-vswitchd of the holder dies three times in six seconds', async () => {
    const from = await egress.holder();
    const seen = await egress.under(async () => {
      for (let time = 0; time < 3; time++) {
        await failNode(from, 'ovs');
        await lasting(2000);
      }
      await eventually('every slot to be held', async () =>
        (await slots()).every(({ holder: name }) => name !== undefined),
      );
    });
    egress.expectKept(seen);
  });

  it('the process of the holder is dead, and its underlay is cut then', async () => {
    const from = await egress.holder();
    const seen = await egress.under(async () => {
      await failNode(from, 'process', 'hold');
      await failNode(from, 'underlay');
      await egress.movesTo(otherGateway(from));
    });
    expectUnbroken(seen);
    expect(seen.dual).toEqual([]);
  });
});

/** Connections that live. One in its first second is known to its gateway alone when NAT changed its port (ADR 20). */
function expectUnbroken(seen: Pick<Seen, 'report'>): void {
  const connections = lanesOf(seen.report, 'tcp', 'push');
  expect(connections).toEqual(each(connections, { lost: 0, errors: {} }));
}

/** What waited in the node leaves late, as in a planned move: packets of before, and no word about who has the address. */
it('the node of the holder stands still for three seconds and goes on: no connection breaks, and nobody hears that two have the address', async () => {
  const from = await egress.holder();
  const disturb = async (): Promise<void> => {
    await failNode(from, 'node', 'freeze');
    await whileAway(3000);
    await egress.movesTo(otherGateway(from));
  };
  egress.expectKept(await egress.under(disturb, { planned: true }));
});

/** Nobody but the gate ends what it forwards, and for some seconds there is no holder: new connections fail then. */
it('the process of the holder dies and stays dead: another gateway takes over when the gate has run out, no connection breaks', async () => {
  const from = await egress.holder();
  const seen = await egress.under(async () => {
    await failNode(from, 'process', 'hold');
    await egress.movesTo(otherGateway(from));
  });
  expectUnbroken(seen);
  expect(seen.dual).toEqual([]);
});

it('a holder dies that got the slot back a moment ago: connections that began since then go on', async () => {
  const back = await egress.holder();
  const other = otherGateway(back);
  await drain(back, true);
  await egress.movesTo(other);
  // They keep the other one at work, and so new connections get other ports than their Pod's.
  const former = Traffic.start({ uid: egress.uid, lanes: allLanes(server) });
  try {
    await egress.answered();
    await drain(back, false);
    await egress.movesTo(back);
    const disturb = async (): Promise<void> => {
      await eventually(`${other} to know all connections`, () => knowsAll(other));
      await failNode(back, 'node', 'die');
      await egress.movesTo(other);
    };
    // The other one serves the former connections all the time.
    const seen = await egress.under(disturb, { planned: true });
    expectUnbroken(seen);
    expect(seen.dual).toEqual([]);
  } finally {
    former.end();
  }
  expectUnbroken({ report: await former.report() });
});

/** Nobody closes its gate, so it answers as long as that lasts. */
it('a holder that got the slot a moment ago is dead and cut off: the former one sends nothing until it is the holder', async () => {
  const former = await egress.holder();
  const holder = otherGateway(former);
  await drain(former, true);
  await egress.movesTo(holder);
  const seen = await egress.under(async () => {
    await drain(former, false);
    await eventually(`${former} to know all connections`, () => knowsAll(former));
    expect(await leavingSlots(former)).toBeGreaterThan(0);
    await failNode(holder, 'process', 'hold');
    await failNode(holder, 'underlay');
    await egress.movesTo(former);
  });
  expectUnbroken(seen);
  expect(seen.dual).toEqual([]);
});

/** What is seen while the holder is drained. */
async function whileDrained(): Promise<Seen> {
  const from = await egress.holder();
  return egress.under(
    async () => {
      await drain(from, true);
      await egress.movesTo(otherGateway(from));
    },
    { planned: true },
  );
}

describe('0 packets are lost and 0 connections broken in', () => {
  it('a planned drain', () =>
    undisturbed(async () => {
      await calm();
      egress.expectUnharmed(await whileDrained());
    }));

  /** Packets are counted by `make chaos`: so many connections on one machine cost some by themselves. */
  it('a planned drain with 1,000 live connections: none is broken', async () => {
    const crowd = Traffic.start({ uid: egress.uid, lanes: crowdLanes(server, 500) });
    try {
      // What it costs to open so many at once is another matter.
      await eventually('all connections to be open', async () => (await openConnections()).length >= 1000);
      egress.expectKept(await whileDrained());
    } finally {
      crowd.end();
    }
    const report = await crowd.report();
    expect(report).toEqual(each(report, { lost: 0, errors: {} }));
  });

  it('the return of a gateway that gets its share back', () =>
    undisturbed(async () => {
      const [back = ''] = gateways;
      await eventually(`${back} to hold nothing`, async () => {
        await drain(back, true);
        return (await slots()).every(({ holder: name }) => name !== back);
      });
      const seen = await egress.under(
        async () => {
          await drain(back, false);
          await eventually(
            `${back} to have its share`,
            async () => (await slots()).every(({ holder: name, order }) => name === order[0]),
            { withinMs: 180_000 },
          );
        },
        { planned: true },
      );
      egress.expectUnharmed(seen);
    }));
});
