/** Moves as people read them. Pure. */
import { table } from '../table.js';
import { type Move } from './moves.js';

const title = ['WHEN', 'FROM', 'TO', 'SLOTS', 'WHY', 'TOOK'] as const;
const unknown = '-';

/** Seconds are enough for people. */
const shortTime = (when: string): string => when.replace(/\.\d+Z$/, 'Z');

export function renderMoves(moves: readonly Move[], wide: boolean): string {
  if (moves.length === 0) return 'no slot has moved lately (the cluster keeps events for an hour)';
  const rows = moves.map(({ when, from, to, slots, why, durationMs, note }) => [
    shortTime(when),
    from === '' ? unknown : from,
    to === '' ? unknown : to,
    slots === undefined ? unknown : String(slots),
    why === '' ? unknown : why,
    durationMs === undefined ? unknown : `${String(durationMs)} ms`,
    ...(wide ? [note] : []),
  ]);
  return table(wide ? [...title, 'NOTE'] : title, rows);
}
