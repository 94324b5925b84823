/**
 * The latest moves of slots, from the events that gateways write on their EgressGateway: `SlotsTaken` by the one that took
 * them, `SlotsHandedOver` by the one that gave them. Pure.
 */
import { type KubeEvent } from '@sluice/kube';

export const moveReasons = ['SlotsTaken', 'SlotsHandedOver'] as const;

export interface Move {
  /** RFC 3339. */
  readonly when: string;
  readonly from: string;
  readonly to: string;
  /** How many. */
  readonly slots: number | undefined;
  readonly why: string;
  readonly durationMs: number | undefined;
  /** The event in its own words. */
  readonly note: string;
}

const isMove = ({ reason }: KubeEvent): boolean => moveReasons.some((known) => known === reason);

/** A series has the time of its last event. */
const timeOf = ({ series, eventTime }: KubeEvent): string => series?.lastObservedTime ?? eventTime;

const numberIn = (note: string, pattern: RegExp): number | undefined => {
  const [, text] = pattern.exec(note) ?? [];
  return text === undefined ? undefined : Number(text);
};

const wordIn = (note: string, pattern: RegExp): string | undefined => pattern.exec(note)?.[1];

const receiver = /\bto ([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)/;
const giver = /\bfrom ([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)/;

/** "took 3 slots from gw-2 (holder-dead) in 812 ms", "handed 4 slots over to gw-2 (drain) in 40 ms". */
function moveOf(event: KubeEvent): Move {
  const { note = '', reason, regarding } = event;
  const self = regarding?.name ?? '';
  const given = reason === 'SlotsHandedOver';
  const other = wordIn(note, given ? receiver : giver) ?? '';
  return {
    when: timeOf(event),
    from: given ? self : other,
    to: given ? other : self,
    slots: numberIn(note, /\b(\d+) slots?\b/),
    why: wordIn(note, /\(([^)]+)\)/) ?? '',
    durationMs: numberIn(note, /\b(\d+) ?ms\b/),
    note,
  };
}

/** Latest first. */
export function latestMoves(
  events: readonly KubeEvent[],
  { gateway, most }: { readonly gateway: string | undefined; readonly most: number },
): readonly Move[] {
  return events
    .filter(isMove)
    .map(moveOf)
    .filter(({ from, to }) => gateway === undefined || from === gateway || to === gateway)
    .sort((a, b) => Date.parse(b.when) - Date.parse(a.when))
    .slice(0, most);
}
