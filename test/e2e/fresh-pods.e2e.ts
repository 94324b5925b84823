/** Pods that start while the agents are replaced: each gets out, without anything else having to happen on its node. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { restart } from './support/components.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import { addressSeen, createNamespace, deleteNamespace, type PodRef, runPod } from './support/workloads.js';

const namespace = 'e2e-fresh-pods';
const egress = { ipv4: '198.18.0.118', ipv6: '2001:db8:18::118' };
const rollouts = 3;

beforeAll(() => createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`));
afterAll(() => deleteNamespace(namespace));

it(`leave with their address, over ${rollouts} rollouts of the agent`, async () => {
  const times: number[] = [];
  for (let round = 0; round < rollouts; round++) {
    const state = { rolling: true };
    const rollout = restart('agent').finally(() => (state.rolling = false));
    for (let n = 0; state.rolling; n++) {
      const pod: PodRef = { namespace, name: `fresh-${round}-${n}` };
      await runPod(pod, { node: worker });
      const started = performance.now();
      // One after the other: the start of another Pod would make the agent look again.
      expect(await addressSeen(pod, endpoint(servers.ipv4.onLink, 'udp'))).toBe(egress.ipv4);
      expect(await addressSeen(pod, endpoint(servers.ipv6.onLink, 'udp'))).toBe(egress.ipv6);
      times.push(Math.round(performance.now() - started));
    }
    await rollout;
  }
  console.log(`${times.length} Pods; from running to both families: ${times.join(', ')} ms`);
});
