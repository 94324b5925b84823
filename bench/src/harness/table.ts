/** Rows as people read them. Pure. */
import { type Row } from './row.js';

type Column = readonly [title: string, cell: (row: Row) => string, side: 'left' | 'right'];

const columns: readonly Column[] = [
  ['row', ({ id }) => id, 'left'],
  ['value', ({ value }) => String(value), 'right'],
  ['unit', ({ unit }) => unit, 'left'],
  ['runs', ({ runs }) => String(runs), 'right'],
  ['min..max', ({ min, max }) => `${min}..${max}`, 'right'],
  ['peer', ({ peer, peerValue }) => (peer === null ? '' : `${peerValue ?? ''} ${peer}`), 'left'],
  ['ratio', ({ ratio }) => (ratio === null ? '' : String(ratio)), 'right'],
  ['goal', ({ goal }) => goal ?? '', 'left'],
  ['met', ({ met }) => (met === null ? '' : met ? 'yes' : 'NO'), 'left'],
];

export function renderTable(rows: readonly Row[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const pad = (text: string, index: number): string => {
    const width = widths[index] ?? 0;
    return columns[index]?.[2] === 'right' ? text.padStart(width) : text.padEnd(width);
  };
  return cells.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
