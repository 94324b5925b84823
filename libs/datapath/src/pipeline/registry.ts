/** All tables, and the way from a unit's scope to checked flows: the only place where a row becomes a flow. */
import { InternalError } from '@sluice/core';
import { type Flow } from '@sluice/ovs';
import { cookie } from '../layout/cookies.js';
import { classify } from '../tables/classify.js';
import { ctStateTable } from '../tables/ct-state.js';
import { endpoint } from '../tables/endpoint.js';
import { egress } from '../tables/egress.js';
import { emit } from '../tables/emit.js';
import { gate } from '../tables/gate.js';
import { gatewayCt } from '../tables/gateway-ct.js';
import { held } from '../tables/held.js';
import { hostOut } from '../tables/host-out.js';
import { neighbour } from '../tables/neighbour.js';
import { nextHop } from '../tables/next-hop.js';
import { pin } from '../tables/pin.js';
import { pinned } from '../tables/pinned.js';
import { podCtState } from '../tables/pod-ct-state.js';
import { podOut } from '../tables/pod-out.js';
import { pod } from '../tables/pod.js';
import { repick } from '../tables/repick.js';
import { resolved } from '../tables/resolved.js';
import { route } from '../tables/route.js';
import { send } from '../tables/send.js';
import { service } from '../tables/service.js';
import { sizeCheck } from '../tables/size-check.js';
import { snat } from '../tables/snat.js';
import { toNode } from '../tables/to-node.js';
import { toPodOut } from '../tables/to-pod-out.js';
import { toPodPin } from '../tables/to-pod-pin.js';
import { toPod } from '../tables/to-pod.js';
import { tunnelIn } from '../tables/tunnel-in.js';
import { uplinkCtState } from '../tables/uplink-ct-state.js';
import { uplinkIn } from '../tables/uplink-in.js';
import { goto } from './actions.js';
import { checkRow } from './check.js';
import { type FlowUnitKind, type NodeScope, type Scopes } from './scope.js';
import { type TableName, tableIds } from './table-ids.js';
import { type Row, type Table, row } from './table.js';

/** In the order of their ids. */
export const tables: readonly Table[] = [
  classify,
  tunnelIn,
  uplinkIn,
  uplinkCtState,
  service,
  gate,
  sizeCheck,
  hostOut,
  gatewayCt,
  endpoint,
  held,
  podOut,
  podCtState,
  pod,
  pinned,
  send,
  repick,
  pin,
  egress,
  ctStateTable,
  snat,
  route,
  neighbour,
  resolved,
  emit,
  nextHop,
  toNode,
  toPod,
  toPodPin,
  toPodOut,
];

const missing = (Object.keys(tableIds) as TableName[]).filter(
  (name) => !tables.some((table) => table.name === name),
);
if (missing.length > 0) {
  throw new InternalError('SLUICE_PIPELINE_VIOLATION', { message: `no file declares ${missing.join(', ')}` });
}

/** Every table of the node's roles ends in an explicit row, so that drops are counted where they happen. */
function missRows({ miss }: Table): Row[] {
  if (miss === 'return') return [];
  return [miss === 'drop' ? row(0, []) : row(0, [], goto(miss.goto))];
}

const onNode = (table: Table, { agent, gateway }: NodeScope): boolean =>
  table.roles.some((role) => (role === 'agent' ? agent : gateway));

const asFlow = (table: Table, cookieValue: bigint, { priority, match, actions }: Row): Flow => {
  const flow: Flow = { table: table.id, priority, cookie: cookieValue, match, actions };
  checkRow(table, flow);
  return flow;
};

/**
 * The flows that one unit has in all tables.
 * Throws InternalError SLUICE_PIPELINE_VIOLATION when a row breaks the declaration of its table.
 */
export function unitFlows<K extends FlowUnitKind>(kind: K, scope: Scopes[K], object: bigint): Flow[] {
  const value = cookie(kind, object);
  return tables.flatMap((table) => {
    const rows = table.rows[kind]?.(scope) ?? [];
    return rows.map((entry) => asFlow(table, value, entry));
  });
}

/** The rows for packets that no other row of a table takes. */
export const missFlows = (scope: NodeScope): Flow[] => {
  const value = cookie('node', BigInt(scope.nodeId));
  return tables
    .filter((table) => onNode(table, scope))
    .flatMap((table) => missRows(table).map((entry) => asFlow(table, value, entry)));
};
