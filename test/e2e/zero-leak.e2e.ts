/** A Pod of an annotated namespace never sends a packet out with another address, from its first packet on. */
import { afterAll, expect, it } from '@jest/globals';
import { capture } from './support/capture.js';
import { eventually, kubectl } from './support/lab.js';
import { servers } from './support/lab-facts.js';
import { createNamespace, createPod, deleteNamespace } from './support/workloads.js';

const namespace = 'e2e-zero-leak';
const egress = { ipv4: '198.18.0.112', ipv6: '2001:db8:18::112' };
const starts = 50;
const atOnce = 10;
/** Only these tests use this port, so that every packet to it is one of theirs. */
const port = 9050;

afterAll(() => deleteNamespace(namespace));

const targets = [
  ...Object.values(servers.ipv4),
  ...Object.values(servers.ipv6).map((address) => `[${address}]`),
];

/** Sends to every server from its first moment on, for two seconds, and ends by itself. */
const eager = [
  'sh',
  '-c',
  `for a in ${targets.join(' ')}; do traffic udp "$a:${port}" --every 5ms --for 2s >/dev/null & done; wait`,
];

it(`shows 0 packets with another source over ${starts} Pod starts`, async () => {
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  const taps = await Promise.all(['outside', 'routed'].map((host) => capture(host, `udp dst port ${port}`)));
  for (let first = 0; first < starts; first += atOnce) {
    const names = Array.from({ length: atOnce }, (_, i) => `start-${first + i}`);
    await Promise.all(names.map((name) => createPod({ namespace, name }, { command: eager })));
    await eventually('the Pods to end', async () => {
      const phases = await kubectl('get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].status.phase}');
      return phases.split(' ').every((phase) => phase === 'Succeeded');
    });
    await kubectl('delete', 'pods', '-n', namespace, '--all', '--wait=true');
  }
  const lines = (await Promise.all(taps.map((tap) => tap.stop()))).flat();
  const ours = lines.filter((line) => line.includes(`${egress.ipv4}.`) || line.includes(`${egress.ipv6}.`));
  expect(lines.filter((line) => !ours.includes(line))).toEqual([]);
  expect(ours.length).toBeGreaterThan(starts);
});

it('can see a leak: a Pod without egress is seen with another source', async () => {
  const bare = `${namespace}-bare`;
  await createNamespace(bare);
  const tap = await capture('outside', `udp dst port ${port}`);
  const command = ['traffic', 'udp', `${servers.ipv4.onLink}:${port}`, '--for', '3s'];
  await createPod({ namespace: bare, name: 'client' }, { command });
  await eventually('the Pod to end', async () => {
    return (
      (await kubectl('get', 'pod', '-n', bare, 'client', '-o', 'jsonpath={.status.phase}')) === 'Succeeded'
    );
  });
  const lines = await tap.stop();
  await deleteNamespace(bare);
  expect(lines.filter((line) => !line.includes(`${egress.ipv4}.`)).length).toBeGreaterThan(0);
});
