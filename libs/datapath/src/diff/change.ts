/**
 * What must be done to get from one state to another. Order of one atomic bundle: groups (add, modify), flows (add),
 * flows (remove), groups (remove). A group changes by modify only: deleting it would delete the flows that use it.
 * Meters go before and after the bundle, which does not carry them. Across a node: bridge ports and host first, then the
 * bundle, then set elements that send packets into the bridge; removals the other way round.
 */
import { type NftTable } from '@sluice/nft';
import { type Flow, type Group, type Meter } from '@sluice/ovs';
import {
  type DesiredAddress,
  type DesiredNeighbour,
  type DesiredPort,
  type DesiredRoute,
  type DesiredRule,
} from '../desired.js';
import { type SetElement } from '../host/agent-nft.js';

export interface OpenFlowChange {
  readonly groups: {
    readonly add: readonly Group[];
    readonly modify: readonly Group[];
    readonly remove: readonly Group[];
  };
  /** `add` replaces a flow of the same key; `remove` is strict. */
  readonly flows: { readonly add: readonly Flow[]; readonly remove: readonly Flow[] };
  readonly meters: {
    readonly add: readonly Meter[];
    readonly modify: readonly Meter[];
    readonly remove: readonly Meter[];
  };
}

/** Things of one kind; a changed thing is removed as it was and added as it shall be. */
export interface ListChange<T> {
  readonly add: readonly T[];
  readonly remove: readonly T[];
}

export interface HostChange {
  readonly sysctls: ListChange<{ readonly key: string; readonly value: string }>;
  readonly addresses: ListChange<DesiredAddress>;
  readonly routes: ListChange<DesiredRoute>;
  readonly rules: ListChange<DesiredRule>;
  readonly neighbours: ListChange<DesiredNeighbour>;
  /** Whole tables to put in place, elements included, when anything but elements differs; names of tables to delete. */
  readonly tables: { readonly put: readonly NftTable[]; readonly remove: readonly string[] };
  /** Elements of tables that otherwise stay as they are. */
  readonly elements: ListChange<SetElement>;
}

export interface Change extends OpenFlowChange {
  readonly ports: ListChange<DesiredPort>;
  /** Name, MAC or MTU of the bridge itself. */
  readonly bridge: boolean;
  readonly host: HostChange;
}

type Lists = Readonly<Record<string, readonly unknown[]>>;
const nothingIn = (parts: readonly object[]): boolean =>
  parts.every((lists) => Object.values(lists as Lists).every(({ length }) => length === 0));

export const isEmptyOpenFlow = ({ groups, flows, meters }: OpenFlowChange): boolean =>
  nothingIn([groups, flows, meters]);

export const isEmpty = (change: Change): boolean =>
  !change.bridge &&
  isEmptyOpenFlow(change) &&
  nothingIn([change.ports, ...(Object.values(change.host) as object[])]);
