/** Holds a flow against the declaration of its table. */
import { InternalError } from '@sluice/core';
import { type Action, type FieldName, type Flow, formatFlow, ports } from '@sluice/ovs';
import { groupKind, ofports } from '../layout/ids.js';
import { tableIds } from './table-ids.js';
import { type Output, type Table } from './table.js';

function outputOf(port: number): Output | undefined {
  switch (port) {
    case ofports.sluice0:
      return 'sluice0';
    case ofports.uplink:
      return 'uplink';
    case ofports.slowPort:
      return 'slow port';
    case ports.local:
      return 'host';
    case ports.inPort:
      return 'in port';
    default:
      return port > ofports.tunnelBase && port < 0xff00 ? 'tunnel' : undefined;
  }
}

const nextIds = (table: Table): number[] => [
  ...table.next.map((name) => tableIds[name]),
  ...(typeof table.miss === 'object' ? [tableIds[table.miss.goto]] : []),
];

const mayGo = (table: Table, id: number | undefined): boolean =>
  id === undefined || nextIds(table).includes(id);
const maySet = (table: Table, field: FieldName): boolean => table.sets.includes(field);

/** What the action does that the table did not declare; undefined when all is declared. */
function violation(table: Table, action: Action): string | undefined {
  switch (action.type) {
    case 'set_field':
      return maySet(table, action.field) ? undefined : `sets ${action.field}`;
    case 'move':
    case 'check_pkt_larger':
      return maySet(table, action.dst.field) ? undefined : `sets ${action.dst.field}`;
    case 'resubmit':
      return mayGo(table, action.table) ? undefined : `goes to table ${String(action.table)}`;
    case 'learn':
      return mayGo(table, action.table) ? undefined : `learns into table ${String(action.table)}`;
    case 'ct':
      if (!mayGo(table, action.table)) return `goes to table ${String(action.table)}`;
      return firstViolation(table, action.exec ?? []);
    case 'group': {
      const kind = groupKind(action.group);
      const declared = kind !== undefined && (table.groups ?? []).includes(kind);
      return declared ? undefined : `uses group ${String(action.group)}`;
    }
    case 'output': {
      const output = outputOf(action.port);
      const declared = output !== undefined && (table.outputs ?? []).includes(output);
      return declared ? undefined : `outputs to port ${String(action.port)}`;
    }
    case 'ct_clear':
    case 'meter':
    case 'note':
      return undefined;
    case 'controller':
      return (table.outputs ?? []).includes('process') ? undefined : 'outputs to the process';
    case 'dec_ttl':
    case 'goto_table':
    case 'raw':
      return `uses ${action.type}`;
  }
}

function firstViolation(table: Table, actions: readonly Action[]): string | undefined {
  for (const action of actions) {
    const found = violation(table, action);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Throws InternalError SLUICE_PIPELINE_VIOLATION with the flow's text. */
export function checkRow(table: Table, flow: Flow): void {
  const foreign = flow.match.find(({ field }) => !table.matches.includes(field));
  const reason = foreign ? `matches ${foreign.field}` : firstViolation(table, flow.actions);
  if (reason === undefined) return;
  throw new InternalError('SLUICE_PIPELINE_VIOLATION', {
    message: `a flow of table ${table.name} ${reason}, which the table does not declare: ${formatFlow(flow)}`,
  });
}
