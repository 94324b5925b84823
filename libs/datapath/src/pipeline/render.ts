/** The reference of the pipeline, made from the declarations: `docs/reference/pipeline.md`. */
import { cookieKinds, cookieOwners } from '../layout/cookies.js';
import { groupIds, macs, ofports } from '../layout/ids.js';
import { type BitField, bitFields } from '../layout/registers.js';
import { tables } from './registry.js';
import { type Miss, type Table } from './table.js';

const hex = (value: number): string => `0x${value.toString(16)}`;
const code = (text: string): string => `\`${text}\``;
const list = (items: readonly string[]): string =>
  items.length === 0 ? 'nothing' : items.map(code).join(', ');

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const range = ({ from, bits }: BitField): string =>
  bits === 1 ? String(from) : `${String(from)}..${String(from + bits - 1)}`;

const legal = ({ values }: BitField): string =>
  values === undefined
    ? ''
    : Object.entries(values)
        .map(([name, value]) => `${String(value)} ${name}`)
        .join(', ');

const missText = (miss: Miss): string => (typeof miss === 'string' ? miss : `goto ${miss.goto}`);

const overview = (): string =>
  grid(
    ['id', 'table', 'stage', 'on', 'next', 'miss'],
    tables.map((table) => [
      String(table.id),
      `[${table.name}](#${table.name})`,
      table.stage,
      table.roles.join(', '),
      table.next.join(', '),
      missText(table.miss),
    ]),
  );

const section = (table: Table): string =>
  [
    `### ${table.name}`,
    `Table ${String(table.id)}. ${table.summary}`,
    [
      `- matches: ${list(table.matches)}`,
      `- sets: ${list(table.sets)}`,
      `- next: ${list(table.next)}; miss: ${missText(table.miss)}`,
      ...(table.groups ? [`- groups: ${list(table.groups)}`] : []),
      ...(table.outputs ? [`- outputs: ${list(table.outputs)}`] : []),
      `- rows of: ${list(Object.keys(table.rows))}`,
    ].join('\n'),
  ].join('\n\n');

const layout = (): string =>
  grid(
    ['field', 'bits', 'name', 'meaning', 'values'],
    bitFields.map((field) => [code(field.field), range(field), field.name, field.meaning, legal(field)]),
  );

const ids = (): string =>
  grid(
    ['what', 'value'],
    [
      ...Object.entries(ofports).map(([name, port]) => [`port ${name}`, String(port)]),
      ['group of a slot', `${hex(groupIds.slot(0))} + slot`],
      ['group of a pinned gateway', `${hex(groupIds.pinned(0))} + node id`],
      ['group of any gateway, of all', `${hex(groupIds.any)}, ${hex(groupIds.all)}`],
      [
        'group of a service',
        `IPv4 ${hex(groupIds.service(0, 4))}, IPv6 ${hex(groupIds.service(0, 6))}, + service + shard << 24`,
      ],
      ...Object.entries(macs).map(([name, mac]) => [`MAC ${name}`, code(mac)]),
      ...Object.entries(cookieOwners).map(([name, owner]) => [`cookie owner ${name}`, hex(owner)]),
      ...Object.entries(cookieKinds).map(([name, kind]) => [`cookie kind ${name}`, String(kind)]),
    ],
  );

/** Markdown, ending in a newline. */
export const renderPipeline = (): string =>
  [
    '# Pipeline',
    'The tables of `br-sluice` as they are declared in `libs/datapath/src/tables`. Generated; do not edit.',
    '## Tables',
    overview(),
    ...tables.map(section),
    '## Registers, tunnel ids, marks',
    layout(),
    '## Ports, groups, addresses, cookies',
    'A cookie is owner (bits 63..56), kind (55..48) and object id (47..0).',
    ids(),
  ].join('\n\n') + '\n';
