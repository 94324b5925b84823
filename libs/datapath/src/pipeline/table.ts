/**
 * A table of the pipeline as declared data: what it may match and set, where packets go next, what a miss does, and
 * its rows as pure functions of the objects that own them.
 */
import { type Action, type FieldName } from '@sluice/ovs';
import { type GroupKind } from '../layout/ids.js';
import { type Match } from './matches.js';
import { type FlowUnitKind, type Scopes } from './scope.js';
import { type TableName, tableIds } from './table-ids.js';

export type Stage = 'input' | 'uplink' | 'gateway' | 'agent' | 'route' | 'tunnel';
export type Role = 'agent' | 'gateway';

export interface Row {
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
}

/** `return`: the packet goes on behind the resubmit that brought it here. */
export type Miss = 'drop' | 'return' | { readonly goto: TableName };

export type Output = 'uplink' | 'sluice0' | 'slow port' | 'tunnel' | 'host' | 'in port' | 'process';

export interface TableDeclaration {
  readonly name: TableName;
  readonly stage: Stage;
  /** Nodes that have its rows. */
  readonly roles: readonly Role[];
  /** One or two sentences for the reference. */
  readonly summary: string;
  readonly matches: readonly FieldName[];
  readonly sets: readonly FieldName[];
  readonly next: readonly TableName[];
  readonly groups?: readonly GroupKind[];
  readonly outputs?: readonly Output[];
  readonly miss: Miss;
  /** Rows by the kind of object that owns them. */
  readonly rows: { readonly [K in FlowUnitKind]?: (scope: Scopes[K]) => readonly Row[] };
}

export interface Table extends TableDeclaration {
  readonly id: number;
}

/** Gives the declaration its id. */
export const defineTable = (declaration: TableDeclaration): Table => ({
  ...declaration,
  id: tableIds[declaration.name],
});

export const row = (priority: number, match: Match, ...actions: readonly Action[]): Row => ({
  priority,
  match,
  actions,
});
