/** How long the first packets of a client's connection take through a gateway, whatever other Services are there. */
import { join } from 'node:path';
import { endpointSlices, type KubeClient, namespaces, services } from '@sluice/kube';
import { nodeOf, type LabPlan, labStatus } from '@sluice/lab';
import { serviceNameLabel } from '@sluice/model';
import { Companion } from '../lab/companion.js';
import { ensure } from '../lab/many.js';
import { until } from '../lab/until.js';
import { namespace, serviceOf } from './objects.js';

const name = 'first-packet';
const worker = 'worker-1';
const [port, targetPort] = [80, 9100];
const count = 1000;
/** Of them: until everything on the way is warm. */
const warm = 200;
const patienceMs = 120_000;

const script = (file: string): string => join(import.meta.dirname, file);

/** A Service with one endpoint that answers: the node's own address. */
export class FirstPacket {
  private constructor(
    private readonly plan: LabPlan,
    private readonly client: KubeClient,
    private readonly server: Companion,
  ) {}

  static async open(plan: LabPlan, client: KubeClient): Promise<FirstPacket> {
    const node = nodeOf(plan, worker);
    const server = new Companion(`/run/netns/${node.namespace}`, script('acceptor.js'), String(targetPort));
    await server.line((line) => line === 'ready', patienceMs);
    const { spec } = serviceOf(0);
    const ports = [{ name: 'web', protocol: 'TCP', port, targetPort }] as const;
    await ensure(client.create(namespaces, { metadata: { name: namespace } }));
    await ensure(client.create(services, { metadata: { namespace, name }, spec: { ...spec, ports } }));
    await ensure(
      client.create(endpointSlices, {
        metadata: { namespace, name, labels: { [serviceNameLabel]: name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [node.management.ipv4], conditions: { ready: true }, nodeName: worker }],
        ports: [{ name: 'web', protocol: 'TCP', port: targetPort }],
      }),
    );
    return new FirstPacket(plan, client, server);
  }

  /** Milliseconds of each connection. */
  async measure(): Promise<readonly number[]> {
    const address = await until(
      `${name} to have its address`,
      async () => {
        const { status } = await this.client.get(services, { namespace, name });
        return status?.loadBalancer?.ingress?.[0]?.ip;
      },
      patienceMs,
    );
    await until(
      `${name} to answer`,
      () =>
        this.connect(address, 1).then(
          () => true,
          () => undefined,
        ),
      patienceMs,
    );
    return (await this.connect(address, count)).slice(warm);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  private async connect(address: string, times: number): Promise<readonly number[]> {
    const { namespace: netns } = this.outside();
    const args = [address, String(port), String(times)];
    const client = new Companion(`/run/netns/${netns}`, script('connect-times.js'), ...args);
    try {
      return JSON.parse(await client.line(() => true, patienceMs)) as number[];
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
