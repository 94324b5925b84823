/**
 * Writes a plan: ids first, then what is made, then what is said. A refusal of one object does not keep the others from
 * being written; what is still to do comes with the next plan. After a failover thousands of objects have something new to
 * say, and who asks for an address meanwhile does not wait for all of them.
 */
import { describeError, type Logger } from '@sluice/core';
import {
  egressAddresses,
  egressGateways,
  egressPools,
  type EventRecorder,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  type NewEvent,
  namespaces,
  nodes,
  reasons,
  services,
} from '@sluice/kube';
import {
  type ClusterPlan,
  egressStatusAnnotation,
  nodeIdAnnotation,
  serviceIdsAnnotation,
} from '@sluice/model';
import { type Counter } from 'prom-client';
import { type IdRecord } from './id-record.js';

export interface PlanWriterOptions {
  readonly client: KubeClient;
  readonly ids: IdRecord;
  readonly events: EventRecorder;
  readonly writes: Counter<'kind' | 'result'>;
  readonly logger: Logger;
}

const fieldManager = 'sluice-controller';
const status = { fieldManager, force: true, subresource: 'status' } as const;
/** Requests at a time. */
const width = 16;
/** Of what is said of addresses and of namespaces, in one plan; an API server on a busy machine takes 100 to 200 a second. */
const saidAtOnce = 256;

/** A merge patch takes away what is null. */
const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

type Write = () => Promise<unknown>;

/** All that is made, and a part of what is said; events of a namespace come with what it is told. */
function part(plan: ClusterPlan, most: number): ClusterPlan {
  const { addresses, namespaces: told } = plan;
  if (Math.max(addresses.status.length, told.length) <= most) return plan;
  const later = new Set(told.slice(most).map(({ name }) => name));
  return {
    ...plan,
    addresses: { ...addresses, status: addresses.status.slice(0, most) },
    namespaces: told.slice(0, most),
    events: plan.events.filter(({ regarding: { kind, name } }) => kind !== 'Namespace' || !later.has(name)),
  };
}

export class PlanWriter {
  /** Of the last plan. */
  private problems: ReadonlySet<string> = new Set();

  constructor(private readonly options: PlanWriterOptions) {}

  /**
   * False: there is more to say of addresses and namespaces, or it was to be kept back. Throws when anything was not
   * written, after everything else was.
   */
  async write(whole: ClusterPlan, { quietly }: { readonly quietly: boolean }): Promise<boolean> {
    const plan = part(whole, quietly ? 0 : saidAtOnce);
    await this.options.ids.write(plan.resting);
    const failures: unknown[] = [];
    for (const [kind, writes] of this.writes(plan)) failures.push(...(await this.all(kind, writes)));
    this.tell(plan);
    if (failures.length > 0) throw failures[0];
    return plan === whole;
  }

  /** In the order in which they are made. */
  private writes(plan: ClusterPlan): readonly (readonly [kind: string, writes: readonly Write[]])[] {
    return [
      ['Node', plan.nodeIds.map((entry) => this.nodeId(entry))],
      ['EgressPool', plan.pools.map((entry) => this.pool(entry))],
      ['EgressGateway', this.gateways(plan.gateways)],
      ['EgressAddress', this.addresses(plan.addresses)],
      ['Namespace', plan.namespaces.map((entry) => this.namespace(entry))],
      [
        'Service',
        [
          ...plan.serviceIds.write.map((entry) => this.serviceIds(entry)),
          ...plan.ingress.map((entry) => this.ingress(entry)),
        ],
      ],
    ];
  }

  private nodeId({ name, id }: ClusterPlan['nodeIds'][number]): Write {
    const metadata = { annotations: { [nodeIdAnnotation]: String(id) } };
    return () => this.options.client.patch(nodes, { name }, { metadata }, { fieldManager });
  }

  private pool({ name, resourceVersion, status: next }: ClusterPlan['pools'][number]): Write {
    const metadata = { name, resourceVersion };
    return () => this.options.client.apply(egressPools, { metadata, status: next }, status);
  }

  private gateways({ create, status: statuses, remove }: ClusterPlan['gateways']): readonly Write[] {
    const { client } = this.options;
    return [
      ...create.map(({ name, spec, labels }): Write => {
        return () => client.create(egressGateways, { metadata: { name, labels }, spec }, { fieldManager });
      }),
      ...statuses.map(({ name, status: next }): Write => {
        return () => client.apply(egressGateways, { metadata: { name }, status: next }, status);
      }),
      ...remove.map(
        ({ name, uid }): Write =>
          () =>
            client.delete(egressGateways, { name }, { uid }),
      ),
    ];
  }

  private addresses({ create, users, status: statuses, remove }: ClusterPlan['addresses']): readonly Write[] {
    const { client } = this.options;
    return [
      ...create.map(({ name, spec }): Write => {
        return () => client.create(egressAddresses, { metadata: { name }, spec }, { fieldManager });
      }),
      ...users.map(({ name, uid, claim, sharedWith, pods }): Write => {
        const spec = { claim, sharedWith: orNull(sharedWith), pods: orNull(pods) };
        return () => client.patch(egressAddresses, { name }, { metadata: { uid }, spec }, { fieldManager });
      }),
      ...statuses.map(({ name, status: next }): Write => {
        return () => client.apply(egressAddresses, { metadata: { name }, status: next }, status);
      }),
      ...remove.map(
        ({ name, uid }): Write =>
          () =>
            client.delete(egressAddresses, { name }, { uid }),
      ),
    ];
  }

  private namespace({ name, status: next }: ClusterPlan['namespaces'][number]): Write {
    const value = next === undefined ? null : JSON.stringify(next);
    const metadata = { annotations: { [egressStatusAnnotation]: value } };
    return () => this.options.client.patch(namespaces, { name }, { metadata }, { fieldManager });
  }

  /** By uid: the Service may be gone, or another one of its name may have come. */
  private serviceIds({ namespace, name, uid, value }: ClusterPlan['serviceIds']['write'][number]): Write {
    const metadata = { uid, annotations: { [serviceIdsAnnotation]: value ?? null } };
    return () => this.options.client.patch(services, { namespace, name }, { metadata }, { fieldManager });
  }

  private ingress({ namespace, name, uid, addresses }: ClusterPlan['ingress'][number]): Write {
    const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
    const patch = { metadata: { uid }, status: { loadBalancer: { ingress } } };
    return () =>
      this.options.client.patch(services, { namespace, name }, patch, {
        fieldManager,
        subresource: 'status',
      });
  }

  /** Problems once, when they begin: every plan has them again. */
  private tell({ events, problems, serviceIds }: ClusterPlan): void {
    const all = [...serviceIds.problems.map(serviceIdEvent), ...problems];
    const now = new Map(all.map((problem) => [JSON.stringify(problem), problem]));
    for (const [key, problem] of now) if (!this.problems.has(key)) this.options.events.record(problem);
    this.problems = new Set(now.keys());
    for (const event of events) this.options.events.record(event);
  }

  /** The errors that are to be tried again. */
  private async all(kind: string, writes: readonly Write[]): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (let at = 0; at < writes.length; at += width) {
      const results = await Promise.allSettled(writes.slice(at, at + width).map((write) => write()));
      for (const result of results) {
        if (result.status === 'fulfilled') this.options.writes.inc({ kind, result: 'ok' });
        else if (this.matters(kind, result.reason)) failures.push(result.reason);
      }
    }
    return failures;
  }

  /** Somebody was faster or the object is gone: the watch tells, and the next plan knows. */
  private matters(kind: string, error: unknown): boolean {
    const { writes, logger } = this.options;
    if (isAlreadyExists(error) || isNotFound(error) || isConflict(error)) {
      writes.inc({ kind, result: 'overtaken' });
      return false;
    }
    writes.inc({ kind, result: 'failed' });
    logger.warn({ kind, error: describeError(error) }, 'a write was refused or did not arrive');
    return true;
  }
}

const serviceIdEvent = ({
  namespace,
  name,
  uid,
  reason,
  ports,
}: ClusterPlan['serviceIds']['problems'][number]): NewEvent => ({
  regarding: { kind: 'Service', namespace, name, uid },
  type: 'Warning',
  reason,
  message: `${ports.join(', ')}: ${reasons[reason]}`,
});
