/** A report as people and programs read it. Pure. */
import { stringify } from 'yaml';
import { type StatusReport } from './report.js';

export const outputs = ['table', 'wide', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

type Cells = readonly string[];

/** Columns as wide as they must be, as kubectl prints them. */
export function table(title: Cells, rows: readonly Cells[]): string {
  const lines = [title, ...rows];
  const widths = title.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

const section = (name: string, title: Cells, rows: readonly Cells[]): readonly string[] =>
  rows.length === 0 ? [] : [`${name}\n${table(title, rows)}`];

const yesNo = (value: boolean): string => (value ? 'yes' : 'NO');

function problems({ problems: all }: StatusReport): readonly string[] {
  if (all.length === 0) return ['everything works'];
  const rows = all.map(({ kind, name, reason, message }) => [`${kind}/${name}`, reason, message]);
  return section('Problems', ['OBJECT', 'REASON', 'WHAT'], rows);
}

function gateways({ gateways: all }: StatusReport, wide: boolean): readonly string[] {
  const title = ['NAME', 'STATE', 'SLOTS', 'ADDRESSES', ...(wide ? ['UPLINK', 'TUNNEL', 'OVS'] : [])];
  const rows = all.map(({ name, state, slots, addresses, uplink, tunnel, ovs }) => [
    ...[name, state, String(slots), String(addresses)],
    ...(wide ? [uplink, tunnel, ovs] : []),
  ]);
  return section('Gateways', title, rows);
}

function pools({ pools: all }: StatusReport): readonly string[] {
  const rows = all.map(({ name, ready, capacity, free, slotsHeld, slots }) => [
    ...[name, yesNo(ready), String(capacity), String(free), `${slotsHeld}/${slots}`],
  ]);
  return section('Pools', ['NAME', 'READY', 'CAPACITY', 'FREE', 'SLOTS HELD'], rows);
}

function addresses({ addresses: all }: StatusReport, wide: boolean): readonly string[] {
  const title = ['CLAIM', 'ADDRESSES', 'GATEWAY', 'WORKING', ...(wide ? ['POOL', 'SLOT', 'ID'] : [])];
  const rows = all.map(({ claim, addresses: texts, gateway, working, pool, slot, id }) => [
    ...[claim, texts.join(','), gateway, yesNo(working)],
    ...(wide ? [pool, String(slot), String(id)] : []),
  ]);
  return section('Addresses', title, rows);
}

export function renderStatus(report: StatusReport, output: Output): string {
  switch (output) {
    case 'json':
      return JSON.stringify(report, undefined, 2);
    case 'yaml':
      return stringify(report).trimEnd();
    case 'table':
    case 'wide': {
      const wide = output === 'wide';
      const parts = [problems(report), gateways(report, wide), pools(report), addresses(report, wide)];
      return parts.flat().join('\n\n');
    }
  }
}
