/** A Service with one endpoint that answers, and clients of it outside: by the gateway, or past it. */
import { join } from 'node:path';
import { endpointSlices, type KubeClient, namespaces, services } from '@sluice/kube';
import { nodeOf, type LabPlan, labStatus, type NodePlan } from '@sluice/lab';
import { poolAnnotation, serviceNameLabel } from '@sluice/model';
import { Companion } from '../lab/companion.js';
import { ensure } from '../lab/many.js';
import { until } from '../lab/until.js';
import { namespace, serviceOf } from './objects.js';

const name = 'target';
const worker = 'worker-1';
const [port, targetPort] = [80, 9100];
const count = 1000;
/** Of them: until everything on the way is warm. */
const warm = 200;
/** Short: one address has 28,000 ports, and Open vSwitch 3.1 takes some amiss that come again at once (docs/guide/services.md). */
const rateSeconds = 3;
const patienceMs = 120_000;

const script = (file: string): string => join(import.meta.dirname, file);

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
    private readonly server: Companion,
  ) {}

  private get node(): NodePlan {
    return nodeOf(this.plan, worker);
  }

  static async open(plan: LabPlan, kube: KubeClient): Promise<Target> {
    const node = nodeOf(plan, worker);
    const server = new Companion(`/run/netns/${node.namespace}`, script('acceptor.js'), String(targetPort));
    await server.line((line) => line === 'ready', patienceMs);
    const { spec } = serviceOf(0);
    // Of the pool whose addresses the lab's hosts reach.
    const annotations = { [poolAnnotation]: 'default' };
    const ports = [{ name: 'web', protocol: 'TCP', port, targetPort }] as const;
    await ensure(kube.create(namespaces, { metadata: { name: namespace } }));
    await ensure(
      kube.create(services, { metadata: { namespace, name, annotations }, spec: { ...spec, ports } }),
    );
    await ensure(
      kube.create(endpointSlices, {
        metadata: { namespace, name, labels: { [serviceNameLabel]: name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [node.management.ipv4], conditions: { ready: true }, nodeName: worker }],
        ports: [{ name: 'web', protocol: 'TCP', port: targetPort }],
      }),
    );
    return new Target(plan, kube, server);
  }

  /** Milliseconds that each connection took until it was there. */
  async connectTimes(): Promise<readonly number[]> {
    const text = await this.client('connect-times.js', await this.address(), String(port), String(count));
    return (JSON.parse(text) as number[]).slice(warm);
  }

  /** New connections, or bytes, a second: through the gateway, or straight to the node by the lab's routers. */
  async rate(what: 'connects' | 'bytes', way: 'gateway' | 'plain'): Promise<Rate> {
    const place = way === 'gateway' ? [await this.address(), port] : [this.node.management.ipv4, targetPort];
    const text = await this.client('rates.js', what, ...place.map(String), String(rateSeconds));
    return JSON.parse(text) as Rate;
  }

  stop(): Promise<void> {
    return this.server.stop();
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
      this.client('connect-times.js', address, String(port), '1').then(
        () => true,
        () => undefined,
      );
    await until(`${name} to answer`, answers, patienceMs);
    return address;
  }

  /** The one line that a client prints. */
  private async client(file: string, ...args: readonly string[]): Promise<string> {
    const client = new Companion(`/run/netns/${this.outside().namespace}`, script(file), ...args);
    try {
      return await client.line(() => true, patienceMs);
    } finally {
      await client.stop();
    }
  }

  private outside(): { readonly namespace: string } {
    const host = labStatus(this.plan).outside.find((one) => one.name === 'outside');
    if (host === undefined) throw new Error('the lab has no host "outside"');
    return host;
  }
}
