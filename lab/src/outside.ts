/** What runs outside the cluster: echo servers in their own namespaces, and Redis on the management network. */
import { join } from 'node:path';
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
const echoPrograms = ({ name, namespace }: OutsideServer): readonly Program[] => [
  {
    name: `${name}.agnhost`,
    command: inNamespace(namespace, [
      ...[programPath('agnhost'), 'netexec'],
      ...[`--http-port=${ports.echoHttp}`, `--udp-port=${ports.echoUdp}`],
    ]),
  },
  { name: `${name}.traffic`, command: inNamespace(namespace, [programPath('traffic'), 'serve']) },
];

export async function ensureOutside(plan: LabPlan): Promise<void> {
  for (const program of outside(plan).flatMap(echoPrograms)) await ensureCurrent(plan.directory, program);
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
  ensureRunning(plan.directory, {
    name: 'redis',
    command: ['/usr/bin/redis-server', '--bind', ipv4, ipv6, ...options],
    environment: redisClockEnvironment(plan),
  });
}
