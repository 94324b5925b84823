/**
 * Makes a compiled state so, in the order that never sends a packet somewhere unready:
 *
 *   ports -> host -> groups and flows added -> nft (verdicts of Pods) -> flows and groups removed -> ports removed
 *
 * The first commit, and the first one after a failure or a restart of Open vSwitch, compares with what is installed;
 * later ones with the state before. So a restarted process changes nothing that is right already. A bridge that has
 * nothing gets it in parts: nothing works that could break, and not everything has to be in memory at once.
 */
import { type Logger } from '@sluice/core';
import {
  type Change,
  type CompiledDesired,
  diff,
  diffInstalled,
  fromBare,
  type Installed,
  isBare,
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
  private hasCommitted = false;

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
    if (!this.hasCommitted) this.options.metrics.firstCommit.setToCurrentTime();
    this.hasCommitted = true;
  }

  /** The host part alone, after somebody changed the host's network configuration. */
  async repairHost(next: CompiledDesired): Promise<void> {
    await this.host(next);
  }

  private async resynchronise(next: CompiledDesired): Promise<void> {
    const { switch: bridge, nft, ownTables, logger } = this.options;
    await bridge.ensureBridge(next.bridge, { prune: false });
    await this.host(next);
    const { added, removals } = await this.add(next, await bridge.installed());
    const tables = await nft.ensure(next.host.nft, ownTables);
    await this.openFlow(removals);
    await bridge.ensureBridge(next.bridge, { prune: true });
    const { flowsRemoved, groupsChanged } = counts(removals);
    logger.info(
      { ...added, flowsRemoved, groupsChanged: added.groupsChanged + groupsChanged, tables },
      'the installed state is the desired one',
    );
  }

  /** What is missing or wrong; what is too much remains to be removed. */
  private async add(next: CompiledDesired, installed: Installed): Promise<Added> {
    if (!isBare(installed)) {
      const change = diffInstalled(next, installed);
      const additions = withoutRemovals(change);
      await this.openFlow(additions);
      return { added: counts(additions), removals: removalsOf(change) };
    }
    let added = counts(nothing);
    for (const part of fromBare(next)) {
      await this.openFlow(part);
      added = sum(added, counts(part));
    }
    return { added, removals: nothing };
  }

  private async advance(change: Change, next: CompiledDesired): Promise<void> {
    if (isEmpty(change)) return;
    const { switch: bridge, logger } = this.options;
    if (change.bridge || change.ports.add.length > 0) {
      await bridge.ensureBridge(next.bridge, { prune: false });
    }
    await this.hostChange(change, next);
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

  /** An address of IPv6 is a neighbour or two; to read thousands of them for each would cost more than all else. */
  private async hostChange(change: Change, next: CompiledDesired): Promise<void> {
    const { neighbours } = change.host;
    if (!touchesHost(change)) {
      if (!changed(neighbours) || (await this.options.host.changeNeighbours(neighbours))) return;
    }
    await this.host(next);
  }

  private async host({ bridge, host }: CompiledDesired): Promise<void> {
    const { missing } = await this.options.host.write(bridge, host);
    if (missing.length > 0) this.options.logger.debug({ missing }, 'links or settings are not there yet');
  }
}

interface Counts {
  readonly flowsAdded: number;
  readonly flowsRemoved: number;
  readonly groupsChanged: number;
}

interface Added {
  readonly added: Counts;
  readonly removals: OpenFlowChange;
}

const nothing: OpenFlowChange = {
  groups: { add: [], modify: [], remove: [] },
  flows: { add: [], remove: [] },
  meters: { add: [], modify: [], remove: [] },
};

const sum = (one: Counts, other: Counts): Counts => ({
  flowsAdded: one.flowsAdded + other.flowsAdded,
  flowsRemoved: one.flowsRemoved + other.flowsRemoved,
  groupsChanged: one.groupsChanged + other.groupsChanged,
});

const counts = ({ flows, groups }: OpenFlowChange): Counts => ({
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

/** More of it than neighbours. */
const touchesHost = ({ host }: Change): boolean =>
  [host.sysctls, host.addresses, host.routes, host.rules].some(changed);

const touchesNft = ({ host }: Change): boolean =>
  host.tables.put.length + host.tables.remove.length > 0 || changed(host.elements);
