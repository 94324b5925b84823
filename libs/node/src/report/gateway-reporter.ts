/**
 * Publishes a gateway's own share of its EgressGateway (uplink, tunnel address, Open vSwitch, the conditions OVSReady and
 * UplinkReady) and, on each EgressAddress that it holds and has programmed, the condition Announced.
 */
import { type Clock } from '@sluice/core';
import {
  type Condition,
  egressAddresses,
  type EgressAddress,
  type EgressGateway,
  egressGateways,
  type EgressGatewayStatus,
  findCondition,
  type KubeClient,
  type NextCondition,
  setCondition,
} from '@sluice/kube';
import { type Problem } from './problem.js';
import { type ProblemEvents } from './problem-events.js';
import { type NodeReport, type Reporter } from './reporter.js';

export interface GatewayReporterOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly datapath: 'system' | 'netdev';
  readonly events: ProblemEvents;
}

const fieldManager = 'sluice-gateway';
const ovsReasons = ['OVSUnavailable', 'OVSTooOld', 'OVSRefused', 'ProgrammingFailed'] as const;
const uplinkReasons = ['UplinkMissing', 'UplinkDown', 'UplinkAddressMissing', 'UnderlayMissing'] as const;

const isOneOf = <T extends string>(list: readonly T[], text: string): text is T => list.includes(text as T);

function ovsReady(problem: Problem | undefined, version: string | undefined): NextCondition {
  if (problem !== undefined && isOneOf(ovsReasons, problem.reason)) {
    return { type: 'OVSReady', status: 'False', reason: problem.reason, message: problem.message };
  }
  if (version === undefined) {
    return { type: 'OVSReady', status: 'Unknown', reason: 'GatewayStarting', message: 'not connected yet' };
  }
  const message = `Open vSwitch ${version} carries the flows`;
  return { type: 'OVSReady', status: 'True', reason: 'OVSConnected', message };
}

function uplinkReady({ problem, facts }: NodeReport): NextCondition {
  if (problem !== undefined && isOneOf(uplinkReasons, problem.reason)) {
    return { type: 'UplinkReady', status: 'False', reason: problem.reason, message: problem.message };
  }
  const uplink = facts?.uplink;
  if (uplink === undefined) {
    return {
      type: 'UplinkReady',
      status: 'Unknown',
      reason: 'GatewayStarting',
      message: 'not looked at yet',
    };
  }
  const message = `${uplink.interface} has ${uplink.addresses.join(', ')}`;
  return { type: 'UplinkReady', status: 'True', reason: 'UplinkUp', message };
}

/** What was published stays while it is not known better: agents' tunnels depend on it. */
const known = ({
  uplinkMAC,
  uplinkAddresses,
  tunnelAddress,
  leavingSlots,
  ovs,
}: EgressGatewayStatus = {}): EgressGatewayStatus => ({
  ...(uplinkMAC === undefined ? {} : { uplinkMAC }),
  ...(uplinkAddresses === undefined ? {} : { uplinkAddresses }),
  ...(tunnelAddress === undefined ? {} : { tunnelAddress }),
  ...(leavingSlots === undefined ? {} : { leavingSlots }),
  ...(ovs === undefined ? {} : { ovs }),
});

const bare = (cidr: string): string => cidr.split('/')[0] ?? cidr;

export class GatewayReporter implements Reporter {
  /** What was written last, so that a stale cache does not make it be written again. */
  private written = '';

  constructor(private readonly options: GatewayReporterOptions) {}

  async report(report: NodeReport): Promise<void> {
    const gateway = report.world.gateways.find(({ spec }) => spec.nodeName === this.options.nodeName);
    if (gateway === undefined) return;
    const { name, uid = name } = gateway.metadata;
    this.options.events.tell({ kind: 'EgressGateway', name, uid }, report.problem);
    await this.reportGateway(gateway, report);
    for (const address of report.world.addresses) await this.reportAddress(address, report);
  }

  private async reportGateway(gateway: EgressGateway, report: NodeReport): Promise<void> {
    const { client, datapath } = this.options;
    const { facts, tunnelAddress, ovsVersion, leavingSlots } = report;
    const conditions = this.conditions(gateway.status?.conditions, [
      ovsReady(report.problem, ovsVersion),
      uplinkReady(report),
    ]);
    const status: EgressGatewayStatus = {
      ...known(gateway.status),
      ...(facts?.uplink === undefined
        ? {}
        : { uplinkMAC: facts.uplink.mac, uplinkAddresses: facts.uplink.addresses.map(bare) }),
      ...(tunnelAddress === undefined ? {} : { tunnelAddress }),
      ...(leavingSlots === undefined ? {} : { leavingSlots }),
      ...(ovsVersion === undefined ? {} : { ovs: { version: ovsVersion, datapath } }),
      conditions,
    };
    const text = JSON.stringify([gateway.metadata.uid, status]);
    if (text === this.written) return;
    const { name } = gateway.metadata;
    await client.apply(
      egressGateways,
      { metadata: { name }, status },
      { fieldManager, force: true, subresource: 'status' },
    );
    this.written = text;
  }

  private async reportAddress(address: EgressAddress, { held }: NodeReport): Promise<void> {
    const { client, nodeName } = this.options;
    if (address.status?.holder !== nodeName) return;
    if (!address.spec.addresses.every((text) => held.has(text))) return;
    const before = findCondition(address.status.conditions, 'Announced');
    const message = `${nodeName} answers for ${address.spec.addresses.join(' and ')}`;
    if (before?.status === 'True' && before.message === message) return;
    const conditions = this.conditions(address.status.conditions, [
      { type: 'Announced', status: 'True', reason: 'Announced', message },
    ]);
    const { name } = address.metadata;
    await client.apply(
      egressAddresses,
      { metadata: { name }, status: { conditions } },
      { fieldManager, force: true, subresource: 'status' },
    );
  }

  /** Only those that are ours: the controller owns the others. */
  private conditions(
    before: readonly Condition[] | undefined,
    next: readonly NextCondition[],
  ): readonly Condition[] {
    const nowIso = new Date(this.options.clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    return next
      .map((condition) => {
        const own = (before ?? []).filter(({ type }) => type === condition.type);
        const [after] = setCondition(own, condition, nowIso);
        return after;
      })
      .filter((condition) => condition !== undefined);
  }
}
