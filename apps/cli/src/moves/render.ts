/** Moves as people read them. Pure. */
import { table } from '../table.js';
import { type Move } from './moves.js';

const unknown = '-';

/** Seconds are enough for people, but not for whoever puts moves in order. */
const timeText = (when: string, wide: boolean): string => (wide ? when : when.replace(/\.\d+Z$/, 'Z'));

export function renderMoves(moves: readonly Move[], wide: boolean): string {
  if (moves.length === 0) return 'no slot has moved lately; a cluster keeps events for an hour';
  const rows = moves.map(({ when, from, to, slots, why, seconds }) => [
    timeText(when, wide),
    from === '' ? unknown : from,
    to === '' ? unknown : to,
    slots === undefined ? unknown : String(slots),
    seconds === undefined ? unknown : `${seconds.toFixed(2)} s`,
    why,
  ]);
  return table(['WHEN', 'FROM', 'TO', 'SLOTS', 'TOOK', 'WHY'], rows);
}
