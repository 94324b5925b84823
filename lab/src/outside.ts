/** What runs outside the cluster: echo servers in their own namespaces, and Redis on the management network. */
import { join } from 'node:path';
import { ensureCgroup, inCgroup } from './cgroups.js';
import { inNamespace } from './namespaces.js';
import { hostPort, ofFamilies, outsideAddress, ports, type LabPlan } from './plan.js';
import { ensureCurrent, ensureRunning, type Program } from './processes.js';
import { programPath } from './programs.js';
import { redisClockEnvironment, setRedisClock } from './redis-clock.js';
import { hosts, outsideServers } from './topology.js';

export interface OutsideServer {
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  /** http: /clientip answers ADDRESS:PORT of the client. udp: "clientip" does. */
  readonly echo: readonly { readonly http: string; readonly udp: string }[];
}

export function outside(plan: LabPlan): readonly OutsideServer[] {
  return outsideServers.map(({ name, network, host }) => {
    const addresses = ofFamilies(plan, outsideAddress(network, host));
    return {
      name,
      namespace: hosts(plan).find((entry) => entry.name === name)?.namespace ?? '',
      addresses,
      echo: addresses.map((address) => ({
        http: `http://${hostPort(address, ports.echoHttp)}`,
        udp: hostPort(address, ports.echoUdp),
      })),
    };
  });
}

/** Kubernetes' agnhost for people and curl; the lab's traffic program for tests that count. */
const echoPrograms = ({ name, namespace }: OutsideServer): readonly Program[] => {
  const agnhost = [
    ...[programPath('agnhost'), 'netexec'],
    ...[`--http-port=${ports.echoHttp}`, `--udp-port=${ports.echoUdp}`],
  ];
  const onHost = (command: readonly string[]) => inCgroup(namespace, inNamespace(namespace, command));
  return [
    { name: `${name}.agnhost`, command: onHost(agnhost) },
    { name: `${name}.traffic`, command: onHost([programPath('traffic'), 'serve']) },
  ];
};

export async function ensureOutside(plan: LabPlan): Promise<void> {
  for (const server of outside(plan)) {
    ensureCgroup(server.namespace);
    for (const program of echoPrograms(server)) await ensureCurrent(plan.directory, program);
  }
}

export const redisUrl = (plan: LabPlan): string => `redis://${hostPort(plan.host.ipv4, ports.redis)}`;

export function ensureRedis(plan: LabPlan): void {
  const directory = join(plan.directory, 'redis');
  setRedisClock(plan, 0);
  const { ipv4, ipv6 } = plan.host;
  const options = [
    ...['--port', String(ports.redis), '--protected-mode', 'no', '--save', '', '--dir', directory],
    // A title of its own would be written over its environment, by which "lab down" finds it.
    ...['--set-proc-title', 'no'],
  ];
  const group = `${plan.prefix}-redis`;
  ensureCgroup(group);
  ensureRunning(plan.directory, {
    name: 'redis',
    command: inCgroup(group, ['/usr/bin/redis-server', '--bind', ipv4, ipv6, ...options]),
    environment: redisClockEnvironment(plan),
  });
}
