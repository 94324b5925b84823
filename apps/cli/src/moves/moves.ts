/**
 * The latest moves of slots, from the events of EgressGateways: `SlotsTaken` on the one that took slots of another that had
 * lost them, `SlotsHandedOver` on the one that gave them in order. Pure.
 *
 *   took 3 slots of gw-2 in 0.81 s (holder-dead)
 *   4 slots went to gw-2 (3), gw-3 (1) in 1.20 s (drain)
 */
import { type KubeEvent } from '@sluice/kube';

export interface Move {
  /** RFC 3339. */
  readonly when: string;
  /** Empty where the event does not say. */
  readonly from: string;
  readonly to: string;
  readonly slots: number | undefined;
  readonly why: string;
  readonly seconds: number | undefined;
}

type Told = Omit<Move, 'when'>;

const taken = /^took (\d+) slots? of (\S+) in ([\d.]+) s(?: \(([^)]+)\))?/;
const given = /^\d+ slots? went to (.+) in ([\d.]+) s(?: \(([^)]+)\))?$/;
const taker = /(\S+) \((\d+)\)/g;

/** What cannot be read is shown as it is. */
const inWords = (note: string): Told => ({
  from: '',
  to: '',
  slots: undefined,
  why: note,
  seconds: undefined,
});

function takenBy(gateway: string, note: string): readonly Told[] {
  const [, slots, from = '', seconds, why = ''] = taken.exec(note) ?? [];
  if (slots === undefined) return [{ ...inWords(note), to: gateway }];
  return [{ from, to: gateway, slots: Number(slots), why, seconds: Number(seconds) }];
}

/** A line for each gateway that got some. */
function givenBy(gateway: string, note: string): readonly Told[] {
  const [, takers = '', seconds, why = ''] = given.exec(note) ?? [];
  const moves = [...takers.matchAll(taker)].map(([, to = '', slots]) => {
    return { from: gateway, to, slots: Number(slots), why, seconds: Number(seconds) };
  });
  return moves.length === 0 ? [{ ...inWords(note), from: gateway }] : moves;
}

function movesIn({ reason, regarding, note = '', series, eventTime }: KubeEvent): readonly Move[] {
  const gateway = regarding?.name ?? '';
  // A series has the time of its last event.
  const when = series?.lastObservedTime ?? eventTime;
  if (reason === 'SlotsTaken') return takenBy(gateway, note).map((told) => ({ when, ...told }));
  if (reason === 'SlotsHandedOver') return givenBy(gateway, note).map((told) => ({ when, ...told }));
  return [];
}

/** Latest first. */
export function latestMoves(
  events: readonly KubeEvent[],
  { gateway, most }: { readonly gateway: string | undefined; readonly most: number },
): readonly Move[] {
  return events
    .flatMap(movesIn)
    .filter(({ from, to }) => gateway === undefined || from === gateway || to === gateway)
    .sort((a, b) => Date.parse(b.when) - Date.parse(a.when))
    .slice(0, most);
}
