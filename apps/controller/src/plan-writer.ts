/**
 * Writes a plan: ids first, then what is made, then what is said. A refusal of one object does not keep the others from
 * being written; what is still to do comes with the next plan.
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
  namespaces,
  nodes,
} from '@sluice/kube';
import { type ClusterPlan, egressStatusAnnotation, nodeIdAnnotation } from '@sluice/model';
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

type Write = () => Promise<unknown>;

export class PlanWriter {
  constructor(private readonly options: PlanWriterOptions) {}

  /** Throws when anything was not written, after everything else was. */
  async write(plan: ClusterPlan): Promise<void> {
    const { ids } = this.options;
    await ids.write(plan.resting);
    const failures = [
      ...(await this.all(
        'Node',
        plan.nodeIds.map((entry) => this.nodeId(entry)),
      )),
      ...(await this.all(
        'EgressPool',
        plan.pools.map((entry) => this.pool(entry)),
      )),
      ...(await this.all('EgressGateway', this.gateways(plan.gateways))),
      ...(await this.all('EgressAddress', this.addresses(plan.addresses))),
      ...(await this.all(
        'Namespace',
        plan.namespaces.map((entry) => this.namespace(entry)),
      )),
    ];
    for (const event of plan.events) this.options.events.record(event);
    if (failures.length > 0) throw failures[0];
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

  private addresses({ create, status: statuses, remove }: ClusterPlan['addresses']): readonly Write[] {
    const { client } = this.options;
    return [
      ...create.map(({ name, spec }): Write => {
        return () => client.create(egressAddresses, { metadata: { name }, spec }, { fieldManager });
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
