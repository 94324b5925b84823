/** What a node or the cluster lacks is named precisely, with what to do; meanwhile nothing changes that worked. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { crash, processIds, ready } from './support/components.js';
import { failApi, failNode, hideProgram, repairLab, runs } from './support/faults.js';
import { eventually, kubectl, kubectlJson, lab } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import { condition, event, events, logged } from './support/told.js';
import {
  addressSeen,
  annotate,
  burst,
  createNamespace,
  createPod,
  deleteNamespace,
  type PodRef,
  type Report,
  runPod,
  stream,
} from './support/workloads.js';

const namespace = 'e2e-node-faults';
const plain = `${namespace}-plain`;
const client: PodRef = { namespace, name: 'client' };
const bystander: PodRef = { namespace: plain, name: 'client' };
const egress = { ipv4: '198.18.0.116', ipv6: '2001:db8:18::116' };
const other = '198.18.0.117';
const whatToCheck = /vswitch.*check .*sluice-ovs/i;
const [v4, v6] = [servers.ipv4.routed, servers.ipv6.routed];

async function idleGateway(): Promise<string> {
  const name = egress.ipv4.replaceAll('.', '-');
  const address = await kubectlJson<{ status?: { holder?: string } }>('get', 'egressaddress', name);
  return address.status?.holder === 'gateway-1' ? 'gateway-2' : 'gateway-1';
}

beforeAll(async () => {
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  await createNamespace(plain);
  await runPod(client, { node: worker });
  await runPod(bystander, { node: worker });
  expect(await addressSeen(client, endpoint(v4, 'udp'))).toBe(egress.ipv4);
  expect(await addressSeen(client, endpoint(v6, 'udp'))).toBe(egress.ipv6);
});

afterEach(repairLab);

afterAll(async () => {
  await deleteNamespace(namespace);
  await deleteNamespace(plain);
});

/** Traffic of a Pod in both families while `disturb` runs. */
async function under(pod: PodRef, disturb: () => Promise<unknown>): Promise<readonly Report[]> {
  const streams = [
    await stream(pod, 'tcp', endpoint(v4, 'tcp')),
    await stream(pod, 'tcp', endpoint(v6, 'tcp')),
    await stream(pod, 'ping', v4),
  ];
  await disturb();
  return Promise.all(streams.map((running) => running.stop()));
}

function expectUnharmed(reports: readonly Report[]): void {
  for (const report of reports) expect(report).toMatchObject({ lost: 0, errors: {} });
}

const withEgress = (): Promise<boolean> =>
  eventually('both families to leave with the egress addresses', async () => {
    const seen = [
      await addressSeen(client, endpoint(v4, 'udp')),
      await addressSeen(client, endpoint(v6, 'udp')),
    ];
    return seen[0] === egress.ipv4 && seen[1] === egress.ipv6;
  });

describe('Open vSwitch is absent', () => {
  it('on a gateway: OVSReady says what to check, and the other gateway carries on with 0 lost', async () => {
    const gateway = await idleGateway();
    const since = Date.now();
    const reports = await under(client, async () => {
      await failNode(gateway, 'ovs', 'hold');
      const told = await condition(['egressgateway', gateway], 'OVSReady', 'False');
      expect(told).toMatchObject({
        reason: 'OVSUnavailable',
        message: expect.stringMatching(whatToCheck),
      });
      await event(['EgressGateway', gateway], 'OVSUnavailable', whatToCheck, since);
      expect(await logged('gateway', gateway, since)).toContain('OVSUnavailable');
    });
    expectUnharmed(reports);
    await repairLab();
    await condition(['egressgateway', gateway], 'OVSReady', 'True');
    await event(['EgressGateway', gateway], 'Programmed', /works again/, since);
  });

  it('on a worker: an event on the Node says what to check, nothing leaks, and others do not notice', async () => {
    const since = Date.now();
    const reports = await under(bystander, async () => {
      await failNode(worker, 'ovs', 'hold');
      await event(['Node', worker], 'OVSUnavailable', whatToCheck, since);
      expect(await logged('agent', worker, since)).toContain('OVSUnavailable');
      expect((await burst(client, 'udp', endpoint(v4, 'udp'))).seen).toEqual({});
    });
    expectUnharmed(reports);
    await repairLab();
    await event(['Node', worker], 'Programmed', /works again/, since);
    await withEgress();
  });
});

describe('nft is missing', () => {
  it('is told by an event on the Node, what is installed works on, and it goes on when nft is there', async () => {
    const since = Date.now();
    const putBack = await hideProgram(worker, '/usr/sbin/nft');
    try {
      const reports = await under(client, async () => {
        await crash('agent', worker);
        await event(['Node', worker], 'ProgrammingFailed', /nft.*install it/, since);
        expect(await logged('agent', worker, since)).toMatch(/nft.*install it/);
      });
      expectUnharmed(reports);
    } finally {
      await putBack();
    }
    await ready('agent', worker);
    await withEgress();
  });
});

describe('another program uses our packet marks', () => {
  const nft = (rules: string) => lab('exec', worker, '--', 'nft', rules);

  it('is refused at the start by an event with the rule, what is installed works on, and so it goes when the rule is gone', async () => {
    const since = Date.now();
    await nft(
      'add table ip alien; add chain ip alien c; add rule ip alien c meta mark and 0x2000 != 0 accept',
    );
    try {
      const reports = await under(client, async () => {
        await crash('agent', worker);
        const named = /0x2000 \(nft rule .* ip alien\).*set SLUICE_MARK_CAPTURED/;
        await event(['Node', worker], 'MarkCollision', named, since);
        expect(await logged('agent', worker, since)).toMatch(named);
      });
      expectUnharmed(reports);
    } finally {
      await nft('delete table ip alien');
    }
    await ready('agent', worker);
    await withEgress();
  });
});

describe('a process that starts again', () => {
  it('tells of no problem that nobody has', async () => {
    const since = Date.now();
    await crash('agent', worker);
    await ready('agent', worker);
    expect(await events('Node', worker, since)).toEqual([]);
  });
});

describe('the API server', () => {
  const sender: PodRef = { namespace, name: 'sender' };
  const seconds = 75;
  /** Runs by itself, since nobody can be asked meanwhile; begins when the Pod is known. */
  const answers = [v4, v6]
    .map(
      (address) =>
        `until traffic udp '${endpoint(address, 'udp')}' --for 200ms | grep -q '"lost":0'; do :; done;`,
    )
    .join(' ');
  const command = [
    ['udp', endpoint(v4, 'udp')],
    ['udp', endpoint(v6, 'udp')],
    ['tcp', endpoint(v4, 'tcp')],
    ['tcp', endpoint(v6, 'tcp')],
  ].map(([kind, target]) => `traffic ${kind ?? ''} '${target ?? ''}' --every 20ms --for ${seconds}s &`);

  it('away for a minute: 0 packets lost, and changes work when it is back', async () => {
    await createPod(sender, { node: worker, command: ['sh', '-c', `${answers} ${command.join(' ')} wait`] });
    const sends = () => runs(`${seconds}s`);
    await eventually('the Pod to send', async () => Promise.resolve(sends()));
    const started = performance.now();
    await failApi();
    await eventually('the Pod to have sent', async () => Promise.resolve(!sends()), {
      withinMs: 2 * seconds * 1000,
    });
    expect(performance.now() - started).toBeGreaterThan(60_000);
    await expect(kubectl('get', 'namespaces')).rejects.toThrow();
    await repairLab();
    const logs = await eventually('the report of the Pod', async () => {
      const lines = (await kubectl('logs', '-n', namespace, 'sender')).trim().split('\n');
      return lines.length === command.length ? lines : undefined;
    });
    const reports = logs.map((line) => JSON.parse(line) as Report);
    const kept = { lost: 0, errors: {} };
    expect(reports).toEqual(reports.map(() => expect.objectContaining(kept)));
    for (const { seen, sent } of reports) {
      expect([egress.ipv4, egress.ipv6]).toEqual(expect.arrayContaining(Object.keys(seen)));
      expect(sent).toBeGreaterThan(3000);
    }
    await annotate(namespace, other);
    await eventually('the new address', async () => {
      return (await addressSeen(client, endpoint(v4, 'udp'))) === other;
    });
    await annotate(namespace, `${egress.ipv4},${egress.ipv6}`);
    await withEgress();
    expect((await processIds('agent', worker)).length).toBe(1);
  });
});
