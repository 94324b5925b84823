/** What a node or the cluster lacks is named precisely, with what to do; meanwhile nothing changes that worked. */
import { Traffic } from '@sluice/lab';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { crash, processIds, ready } from './support/components.js';
import { failApi, failNode, hideProgram, repairLab } from './support/faults.js';
import { eventually, kubectl, kubectlJson, lab } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import { condition, event, events, logged } from './support/told.js';
import {
  addressSeen,
  annotate,
  burst,
  createNamespace,
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
const egress = { ipv4: '198.18.0.119', ipv6: '2001:db8:18::119' };
const other = '198.18.0.120';
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
  const minute = 60_000;

  it('away for a minute: 0 packets lost, and changes work when it is back', async () => {
    const pod = await kubectlJson<{ metadata: { uid: string } }>('get', 'pod', '-n', namespace, client.name);
    await withEgress();
    // From the machine, since nobody can be asked meanwhile.
    const lanes = [
      ...[v4, v6].map((address, at) => `udp${at}=udp,${endpoint(address, 'udp')},20ms`),
      ...[v4, v6].map((address, at) => `tcp${at}=tcp,${endpoint(address, 'tcp')},20ms`),
    ];
    const traffic = Traffic.start({ uid: pod.metadata.uid, lanes });
    try {
      await failApi();
      const started = performance.now();
      const isOver = () => Promise.resolve(performance.now() - started > minute);
      await eventually('a minute to be over', isOver, { withinMs: 2 * minute, everyMs: 1000 });
      await expect(kubectl('get', 'namespaces')).rejects.toThrow();
    } finally {
      traffic.end();
      await repairLab();
    }
    for (const { lost, errors, sent, seen } of Object.values(await traffic.report())) {
      expect({ lost, errors }).toEqual({ lost: 0, errors: {} });
      expect([egress.ipv4, egress.ipv6]).toEqual(expect.arrayContaining(Object.keys(seen)));
      expect(sent).toBeGreaterThan(2000);
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
