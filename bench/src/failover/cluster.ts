/** The cluster under chaos: one namespace with an egress, one Pod, and what moves. */
import {
  egressAddresses,
  egressGateways,
  egressPools,
  KubeClient,
  KubeRefusedError,
  loadClusterConfig,
  namespaces,
  pods,
} from '@sluice/kube';
import {
  askStore,
  type CommonFault,
  gatewaysAreReached,
  existingLab,
  fail,
  type Fault,
  heal,
  healCommon,
  isCommon,
  type LabPlan,
  labStatus,
  type LabStatus,
  type Manner,
  type NodeFault,
  nodeOf,
  Traffic,
  Witness,
} from '@sluice/lab';
import { until } from '../lab/until.js';

export const egress = { ipv4: '198.18.0.120', ipv6: '2001:db8:18::120' } as const;
const server = { ipv4: '203.0.113.10', ipv6: '2001:db8:203::10' } as const;
const namespace = 'bench-failover';
const podName = 'client';
const patienceMs = 180_000;

export class Cluster {
  /** Uid of the Pod that the traffic comes from. */
  private pod = '';

  private constructor(
    readonly plan: LabPlan,
    readonly status: LabStatus,
    readonly client: KubeClient,
  ) {}

  static async open(name: string): Promise<Cluster> {
    const plan = existingLab(name);
    const status = labStatus(plan);
    const client = new KubeClient(await loadClusterConfig({ kubeconfig: status.kubeconfig }));
    return new Cluster(plan, status, client);
  }

  get server(): typeof server {
    return server;
  }

  get gateways(): readonly string[] {
    return this.status.nodes.filter(({ role }) => role === 'gateway').map(({ name }) => name);
  }

  /** A namespace with the egress, and a Pod that is answered with it. */
  async prepare(): Promise<void> {
    const metadata = {
      name: namespace,
      annotations: { 'sluice.dev/egress': Object.values(egress).join(',') },
    };
    if ((await this.client.find(namespaces, { name: namespace })) === undefined)
      await this.client.create(namespaces, { metadata });
    await until('the Pod to run', async () => {
      const pod = await this.client.find(pods, { namespace, name: podName });
      if (pod === undefined) await this.createPod();
      this.pod = pod?.metadata.uid ?? '';
      return pod?.status?.phase === 'Running' || undefined;
    });
    await until('the address to be held', () => this.holder());
  }

  private async createPod(): Promise<void> {
    const worker = this.status.nodes.find(({ role }) => role === 'worker');
    const container = {
      name: podName,
      image: 'docker.io/library/sluice-lab-client:latest',
      imagePullPolicy: 'Never',
      command: ['traffic', 'serve'],
    };
    const spec = { nodeName: worker?.name ?? '', restartPolicy: 'Never', containers: [container] };
    try {
      await this.client.create(pods, { metadata: { namespace, name: podName }, spec });
    } catch (error) {
      // The controller-manager makes the ServiceAccount a moment after the namespace.
      if (!(error instanceof KubeRefusedError && error.status === 403)) throw error;
    }
  }

  /** Nothing is broken and nothing drains. */
  async repair(): Promise<void> {
    await this.heal();
    for (const gateway of this.gateways) await this.drain(gateway, false);
  }

  async close(): Promise<void> {
    await this.repair();
    await this.client.delete(namespaces, { name: namespace });
    await this.client.close();
  }

  private async slot() {
    const name = egress.ipv4.replaceAll('.', '-');
    const address = await this.client.find(egressAddresses, { name });
    if (address === undefined) return undefined;
    const pool = await this.client.get(egressPools, { name: address.spec.pool });
    return pool.status?.slots?.find(({ slot }) => slot === address.spec.slot);
  }

  async holder(): Promise<string | undefined> {
    return (await this.slot())?.holder;
  }

  async currentHolder(): Promise<string> {
    const holder = await this.holder();
    if (holder === undefined) throw new Error('nobody holds the address');
    return holder;
  }

  leaves(gateway: string): Promise<string> {
    return until(
      `the address to leave ${gateway}`,
      async () => {
        const holder = await this.holder();
        return holder === gateway ? undefined : holder;
      },
      patienceMs,
    );
  }

  /** Every gateway ready, every slot held by one of them, and nothing on its way any more. */
  settled(withinMs = patienceMs): Promise<true> {
    return until(
      'every gateway to be ready and every slot to be held',
      async () => {
        const [gateways, pools, slot] = await Promise.all([
          this.client.listAll(egressGateways),
          this.client.listAll(egressPools),
          this.slot(),
        ]);
        const ready = gateways
          .filter(({ status }) => status?.state === 'Ready')
          .map(({ spec }) => spec.nodeName);
        const held = pools.every(({ status }) =>
          (status?.slots ?? []).every(({ holder }) => holder !== undefined && ready.includes(holder)),
        );
        const still = ready.length === this.gateways.length && held && slot?.previous === undefined;
        return (still && (await gatewaysAreReached(this.plan))) || undefined;
      },
      withinMs,
    );
  }

  /** Every gateway has its lease, and hears every node. */
  async reached(): Promise<void> {
    await until(
      'every gateway to be there',
      async () => (await gatewaysAreReached(this.plan)) || undefined,
      patienceMs,
    );
  }

  /** Settled, and every gateway has its share: nothing is to be moved any more. */
  async balanced(withinMs = patienceMs): Promise<void> {
    await until(
      'every gateway to have its share',
      async () => {
        const shares = await Promise.all(this.gateways.map((gateway) => this.sharesOf(gateway)));
        return shares.every(({ held, wanted }) => held === wanted) || undefined;
      },
      withinMs,
    );
    await this.settled(withinMs);
  }

  /** Slots whose holder is not among the living. */
  async withoutHolder(dead: readonly string[]): Promise<number> {
    const lists = await this.client.listAll(egressPools);
    const slots = lists.flatMap(({ status }) => status?.slots ?? []);
    return slots.filter(({ holder }) => holder === undefined || dead.includes(holder)).length;
  }

  async drain(gateway: string, draining: boolean): Promise<void> {
    await this.client.patch(egressGateways, { name: gateway }, { spec: { draining } });
  }

  async sharesOf(gateway: string): Promise<{ readonly held: number; readonly wanted: number }> {
    const slots = (await this.client.listAll(egressPools)).flatMap(({ status }) => status?.slots ?? []);
    return {
      held: slots.filter(({ holder }) => holder === gateway).length,
      wanted: slots.filter(({ order }) => order[0] === gateway).length,
    };
  }

  fail(how: CommonFault, node?: undefined, manner?: Manner): Promise<void>;
  fail(how: NodeFault, node: string, manner?: Manner): Promise<void>;
  fail(how: Fault, node?: string, manner?: Manner): Promise<void> {
    return isCommon(how)
      ? fail(this.plan, how, undefined, manner)
      : fail(this.plan, how, nodeOf(this.plan, node ?? ''), manner);
  }

  /** API server and Redis, but no node. */
  healCommon(): Promise<void> {
    return healCommon(this.plan);
  }

  heal(node?: string): Promise<void> {
    return heal(this.plan, node === undefined ? undefined : nodeOf(this.plan, node));
  }

  /** One command to Redis; resolves when it was answered. */
  redis(...words: readonly string[]): Promise<string> {
    return askStore(this.plan, ...words);
  }

  traffic(lanes: readonly string[]): Traffic {
    return Traffic.start({ uid: this.pod, lanes });
  }

  /** Of the egress, unless told. */
  witness(addresses = new Set<string>(Object.values(egress)), what?: 'claims' | 'all'): Promise<Witness> {
    return Witness.start(this.plan, addresses, what);
  }
}
