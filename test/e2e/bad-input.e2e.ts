/** Mistakes of users and faults of nodes: a precise answer, and nothing that worked stops working. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apply, eventually, kubectl, kubectlJson } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import {
  addressSeen,
  annotate,
  burst,
  createNamespace,
  deleteNamespace,
  runPod,
  type PodRef,
} from './support/workloads.js';

const namespace = 'e2e-bad-input';
const client: PodRef = { namespace, name: 'client' };
const egress = '198.18.0.122';
const target = endpoint(servers.ipv4.onLink, 'udp');

interface StatusEntry {
  readonly address?: string;
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
}

async function answer(name: string): Promise<readonly StatusEntry[]> {
  const found = await kubectlJson<{ metadata: { annotations?: Record<string, string> } }>(
    'get',
    'namespace',
    name,
  );
  return JSON.parse(found.metadata.annotations?.['sluice.dev/egress-status'] ?? '[]') as StatusEntry[];
}

const refusal = (name: string): Promise<StatusEntry> =>
  eventually('a refusal', async () => (await answer(name)).find(({ state }) => state === 'Refused'));

beforeAll(async () => {
  await createNamespace(namespace, egress);
  await runPod(client, { node: worker });
  expect(await addressSeen(client, target)).toBe(egress);
});

afterAll(() => deleteNamespace(namespace));

describe('a bad annotation', () => {
  it.each([
    ['malformed', '198.18.0.1x4', 'AnnotationInvalid', /character \d+/],
    ['outside every pool', '198.51.100.7', 'AddressNotInPool', /198\.51\.100\.7.*default/s],
    ['naming a pool that is not there', 'pool/nowhere', 'PoolNotFound', /nowhere/],
    ['two addresses of one family', '198.18.0.114,198.18.0.115', 'AnnotationInvalid', /IPv4/],
  ])('%s is refused precisely and changes nothing', async (_, value, reason, message) => {
    await annotate(namespace, value);
    const refused = await refusal(namespace);
    expect(refused.reason).toBe(reason);
    expect(refused.message).toMatch(message);
    await eventually('an event', async () => {
      const events = await kubectl(
        'get',
        'events',
        '-n',
        'default',
        '-A',
        '-o',
        'jsonpath={.items[*].reason}',
      );
      return events.includes(reason);
    });
    expect((await answer(namespace)).some(({ address }) => address === egress)).toBe(true);
    const { seen, lost } = await burst(client, 'udp', target);
    expect({ seen: Object.keys(seen), lost }).toEqual({ seen: [egress], lost: 0 });
    await annotate(namespace, egress);
    await eventually('the refusal to go', async () =>
      (await answer(namespace)).every(({ state }) => state === 'Ready'),
    );
  });

  it('that asks for a taken address names who has it', async () => {
    const second = `${namespace}-second`;
    await createNamespace(second, egress);
    const refused = await refusal(second);
    await deleteNamespace(second);
    expect(refused.reason).toBe('AddressInUse');
    expect(refused.message).toContain(namespace);
    expect((await burst(client, 'udp', target)).seen).toEqual({ [egress]: expect.any(Number) });
  });
});

describe('a pool without a gateway', () => {
  const lonely = 'e2e-lonely';

  afterAll(async () => {
    await deleteNamespace(lonely);
    await kubectl('delete', 'egresspool', lonely, '--ignore-not-found');
  });

  it('says so in its conditions and on the namespace', async () => {
    await apply(
      JSON.stringify({
        apiVersion: 'sluice.dev/v1alpha1',
        kind: 'EgressPool',
        metadata: { name: lonely },
        spec: {
          ranges: [{ cidr: '198.18.0.224/29' }],
          uplink: { nextHops: ['198.18.0.1'] },
          gateways: { matchLabels: { zone: 'nowhere' } },
          dualStack: 'Single',
        },
      }),
    );
    const condition = await eventually('the condition', async () => {
      const pool = await kubectlJson<{
        status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
      }>('get', 'egresspool', lonely);
      return pool.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False');
    });
    expect(condition).toMatchObject({ reason: 'NoGateway' });
    await createNamespace(lonely, `pool/${lonely}`);
    const entry = await eventually('the answer', async () =>
      (await answer(lonely)).find(({ reason }) => reason === 'NoGateway'),
    );
    expect(entry.state).toBe('Pending');
  });
});

describe('a gateway without its uplink interface', () => {
  it('says so, and goes on with what it has', async () => {
    const { items } = await kubectlJson<{
      items: { metadata: { name: string }; spec: { uplinkInterface: string } }[];
    }>('get', 'egressgateways');
    const [gateway] = items;
    if (gateway === undefined) throw new Error('the lab has no gateway');
    const { name } = gateway.metadata;
    const uplink = (value: string) =>
      kubectl(
        'patch',
        'egressgateway',
        name,
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { uplinkInterface: value } }),
      );
    const condition = async () => {
      const found = await kubectlJson<{
        status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
      }>('get', 'egressgateway', name);
      return found.status?.conditions?.find(({ type }) => type === 'UplinkReady');
    };
    await uplink('nowhere0');
    const missing = await eventually('the condition', async () => {
      const now = await condition();
      return now?.status === 'False' ? now : undefined;
    });
    expect(missing).toMatchObject({ reason: 'UplinkMissing', message: expect.stringContaining('nowhere0') });
    expect((await burst(client, 'udp', target)).lost).toBe(0);
    await uplink(gateway.spec.uplinkInterface);
    await eventually('the condition to be true again', async () => (await condition())?.status === 'True');
    expect((await burst(client, 'udp', target)).lost).toBe(0);
  });
});
