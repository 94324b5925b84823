/** A Service with one endpoint that answers, and clients of it outside: by the gateway, or past it. */
import { join } from 'node:path';
import { runProgram } from '@sluice/core';
import { endpointSlices, type KubeClient, namespaces, services } from '@sluice/kube';
import { nodeOf, type LabPlan, labStatus, type NodePlan, programPath } from '@sluice/lab';
import { poolAnnotation, serviceNameLabel } from '@sluice/model';
import { Companion } from '../lab/companion.js';
import { ensure } from '../lab/many.js';
import { until } from '../lab/until.js';
import { namespace, serviceOf } from './objects.js';

const name = 'target';
const worker = 'worker-1';
/** A client has 28,000 ports; each round of connections asks another port of the server, so that those of the last one do not come again. */
export const rateRounds = 5;
/** What the server listens on: one port that reads, and one that resets what has connected for each round. */
const gatewayPorts = { read: 9100, reset: 9101 } as const;
/** The same past the gateway: no way meets what the node's conntrack keeps of the other. */
const plainPorts = { read: 9200, reset: 9201 } as const;
/** The Service's port for one of the server's. */
const servicePort = (port: number): number => port - 9000;
const readPort = servicePort(gatewayPorts.read);
const works = { connects: 'reset', bytes: 'read' } as const;
const count = 1000;
/** Of them: until everything on the way is warm. */
const warm = 200;
/** Short enough for a client's ports (docs/guide/services.md). */
const rateSeconds = 3;
const patienceMs = 120_000;

const connectTimes = join(import.meta.dirname, 'connect-times.js');

export interface Rate {
  readonly perSecond: number;
  /** Connections. */
  readonly failed: number;
}

/** The endpoint is the node's own address. */
export class Target {
  private constructor(
    private readonly plan: LabPlan,
    private readonly kube: KubeClient,
    private readonly servers: readonly Companion[],
  ) {}

  private get node(): NodePlan {
    return nodeOf(this.plan, worker);
  }

  static async open(plan: LabPlan, kube: KubeClient): Promise<Target> {
    const node = nodeOf(plan, worker);
    const servers = [gatewayPorts, plainPorts].map(({ read, reset }) => {
      const at = [`--tcp=${read}`, `--reset=${reset}`, `--resets=${rateRounds}`];
      return new Companion(`/run/netns/${node.namespace}`, programPath('traffic'), 'sink', ...at);
    });
    const { spec } = serviceOf(0);
    // Of the pool whose addresses the lab's hosts reach.
    const annotations = { [poolAnnotation]: 'default' };
    const { read, reset } = gatewayPorts;
    const serverPorts = [read, ...Array.from({ length: rateRounds }, (_, round) => reset + round)];
    const named = serverPorts.map((port) => ({ name: `p-${port}`, protocol: 'TCP' as const, port }));
    const servicePorts = named.map((at) => ({ ...at, port: servicePort(at.port), targetPort: at.port }));
    await ensure(kube.create(namespaces, { metadata: { name: namespace } }));
    await ensure(
      kube.create(services, {
        metadata: { namespace, name, annotations },
        spec: { ...spec, ports: servicePorts },
      }),
    );
    await ensure(
      kube.create(endpointSlices, {
        metadata: { namespace, name, labels: { [serviceNameLabel]: name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [node.management.ipv4], conditions: { ready: true }, nodeName: worker }],
        ports: named,
      }),
    );
    return new Target(plan, kube, servers);
  }

  /** Milliseconds that each connection took until it was there. */
  async connectTimes(): Promise<readonly number[]> {
    const text = await this.connect(await this.address(), count);
    return (JSON.parse(text) as number[]).slice(warm);
  }

  /** New connections, or bytes, a second: through the gateway, or straight to the node by the lab's routers; rounds count from 0. */
  async rate(what: keyof typeof works, way: 'gateway' | 'plain', round: number): Promise<Rate> {
    const offset = what === 'connects' ? round : 0;
    // It answers: the server listens.
    const address = await this.address();
    const place =
      way === 'gateway'
        ? `${address}:${servicePort(gatewayPorts[works[what]] + offset)}`
        : `${this.node.management.ipv4}:${plainPorts[works[what]] + offset}`;
    const client = [programPath('traffic'), 'rate', what, place, `--for=${rateSeconds}s`];
    const { status, stdout, stderr } = await runProgram({
      command: ['nsenter', `--net=${this.outside}`, ...client],
    });
    if (status !== 0) throw new Error(`traffic rate ${what} ${place}: ${stderr.trim()}`);
    return JSON.parse(stdout) as Rate;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop();
  }

  /** Once it answers. */
  private async address(): Promise<string> {
    const address = await until(
      `${name} to have its address`,
      async () => {
        const { status } = await this.kube.get(services, { namespace, name });
        return status?.loadBalancer?.ingress?.[0]?.ip;
      },
      patienceMs,
    );
    const answers = (): Promise<true | undefined> =>
      this.connect(address, 1).then(
        () => true,
        () => undefined,
      );
    await until(`${name} to answer`, answers, patienceMs);
    return address;
  }

  /** What `connect-times.js` prints of so many connections. */
  private async connect(address: string, times: number): Promise<string> {
    const args = [connectTimes, address, String(readPort), String(times)];
    const client = new Companion(this.outside, process.execPath, ...args);
    try {
      return await client.line(() => true, patienceMs);
    } finally {
      await client.stop();
    }
  }

  /** Network namespace of the clients, a path. */
  private get outside(): string {
    const host = labStatus(this.plan).outside.find((one) => one.name === 'outside');
    if (host === undefined) throw new Error('the lab has no host "outside"');
    return `/run/netns/${host.namespace}`;
  }
}
