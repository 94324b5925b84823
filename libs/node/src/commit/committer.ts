/**
 * Makes a compiled state so, in the order that never sends a packet somewhere unready:
 *
 *   ports -> host -> groups and flows added -> nft (verdicts of Pods) -> flows and groups removed -> ports removed
 *
 * The first commit, and the first one after a failure or a restart of Open vSwitch, compares with what is installed;
 * later ones with the state before. So a restarted process changes nothing that is right already.
 */
import { type Logger } from '@sluice/core';
import {
  type Change,
  type CompiledDesired,
  diff,
  diffInstalled,
  isEmpty,
  isEmptyOpenFlow,
  type OpenFlowChange,
} from '@sluice/datapath';
import { type Nft } from '@sluice/nft';
import { type Switch } from '../switch/switch.js';
import { type HostWriter } from './host-writer.js';
import { type CommitMetrics } from './metrics.js';

export interface CommitterOptions {
  readonly switch: Pick<Switch, 'ensureBridge' | 'installed' | 'commit'>;
  readonly host: HostWriter;
  readonly nft: Pick<Nft, 'ensure' | 'apply'>;
  /** nft tables that are Sluice's to make and to delete. */
  readonly ownTables: readonly string[];
  readonly metrics: CommitMetrics;
  readonly logger: Logger;
}

const withoutRemovals = (change: OpenFlowChange): OpenFlowChange => ({
  groups: { ...change.groups, remove: [] },
  flows: { ...change.flows, remove: [] },
  meters: { ...change.meters, remove: [] },
});

const removalsOf = ({ groups, flows, meters }: OpenFlowChange): OpenFlowChange => ({
  groups: { add: [], modify: [], remove: groups.remove },
  flows: { add: [], remove: flows.remove },
  meters: { add: [], modify: [], remove: meters.remove },
});

export class Committer {
  /** Undefined: unknown, read back. */
  private before: CompiledDesired | undefined;
  /** How often what was known was forgotten: a commit under way may have been done to a switch that is gone. */
  private forgotten = 0;

  constructor(private readonly options: CommitterOptions) {}

  /** Something else may have changed what is installed: the next commit reads it back. */
  forget(): void {
    this.before = undefined;
    this.forgotten++;
  }

  /** Throws what the parts throw; the next commit then reads everything back. */
  async commit(next: CompiledDesired): Promise<void> {
    const { before, forgotten } = this;
    this.before = undefined;
    const done = this.options.metrics.commitSeconds.startTimer();
    if (before === undefined) await this.resynchronise(next);
    else await this.advance(diff(before, next), next);
    if (this.forgotten === forgotten) this.before = next;
    done();
    this.options.metrics.commits.inc();
  }

  /** The host part alone, after somebody changed the host's network configuration. */
  async repairHost(next: CompiledDesired): Promise<void> {
    await this.host(next);
  }

  private async resynchronise(next: CompiledDesired): Promise<void> {
    const { switch: bridge, nft, ownTables, logger } = this.options;
    await bridge.ensureBridge(next.bridge, { prune: false });
    await this.host(next);
    const change = diffInstalled(next, await bridge.installed());
    await this.openFlow(withoutRemovals(change));
    const tables = await nft.ensure(next.host.nft, ownTables);
    await this.openFlow(removalsOf(change));
    await bridge.ensureBridge(next.bridge, { prune: true });
    logger.info(
      { flows: next.flows.length, groups: next.groups.length, ...counts(change), tables },
      'the installed state is the desired one',
    );
  }

  private async advance(change: Change, next: CompiledDesired): Promise<void> {
    if (isEmpty(change)) return;
    const { switch: bridge, logger } = this.options;
    if (change.bridge || change.ports.add.length > 0) {
      await bridge.ensureBridge(next.bridge, { prune: false });
    }
    if (touchesHost(change)) await this.host(next);
    if (touchesNft(change)) {
      await this.openFlow(withoutRemovals(change));
      await this.nft(change);
      await this.openFlow(removalsOf(change));
    } else {
      await this.openFlow(change);
    }
    if (change.ports.remove.length > 0) await bridge.ensureBridge(next.bridge, { prune: true });
    logger.debug({ ...counts(change), elements: change.host.elements.add.length }, 'committed');
  }

  private async openFlow(change: OpenFlowChange): Promise<void> {
    if (isEmptyOpenFlow(change)) return;
    const { metrics } = this.options;
    const done = metrics.bundleSeconds.startTimer();
    await this.options.switch.commit(change);
    done();
    metrics.flowMods.inc({ command: 'add' }, change.flows.add.length);
    metrics.flowMods.inc({ command: 'delete' }, change.flows.remove.length);
  }

  private async nft({ host }: Change): Promise<void> {
    await this.options.nft.apply({
      put: host.tables.put,
      removeTables: host.tables.remove,
      addElements: host.elements.add,
      removeElements: host.elements.remove,
    });
  }

  private async host({ bridge, host }: CompiledDesired): Promise<void> {
    const { missing } = await this.options.host.write(bridge, host);
    if (missing.length > 0) this.options.logger.debug({ missing }, 'links or settings are not there yet');
  }
}

const counts = ({ flows, groups }: OpenFlowChange) => ({
  flowsAdded: flows.add.length,
  flowsRemoved: flows.remove.length,
  groupsChanged: groups.add.length + groups.modify.length + groups.remove.length,
});

const changed = ({
  add,
  remove,
}: {
  readonly add: readonly unknown[];
  readonly remove: readonly unknown[];
}) => add.length + remove.length > 0;

const touchesHost = ({ host }: Change): boolean =>
  [host.sysctls, host.addresses, host.neighbours, host.routes, host.rules].some(changed);

const touchesNft = ({ host }: Change): boolean =>
  host.tables.put.length + host.tables.remove.length > 0 || changed(host.elements);
