/** What the scripts answer, as the types of the port. */
import { ProtocolError } from '@sluice/core';
import { type ClaimRefusal, type ObservedLease, type SlotEntry, type SlotId } from '../store.js';

/** An entry of the hash that is not in our form: somebody else wrote it. */
export interface ForeignEntry {
  readonly slot: string;
  readonly text: string;
}

export interface SlotEntries {
  readonly slots: ReadonlyMap<SlotId, SlotEntry>;
  readonly foreign: readonly ForeignEntry[];
}

/** Undefined: empty, or written by somebody else in a form that is not ours (the scripts' `read` agrees). */
export function slotEntry(text: string): SlotEntry | undefined {
  const [, epoch, released, holder] = /^(\d{1,15}):([01]):([^]+)$/.exec(text) ?? [];
  return holder === undefined ? undefined : { holder, epoch: Number(epoch), released: released === '1' };
}

/** A reply of text and lists; anything else is not one of our scripts'. */
export function words(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw malformed(reply);
}

export const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw malformed(value);
};

const refusals: readonly ClaimRefusal[] = ['mark', 'epoch', 'no-lease', 'held'];

export function claimRefusal(value: unknown): ClaimRefusal {
  const reason = refusals.find((known) => known === value);
  if (reason === undefined) throw malformed(value);
  return reason;
}

/** `HGETALL`: field, value, field, value … */
export function slotEntries(reply: unknown): SlotEntries {
  const flat = words(reply).map(text);
  const slots = new Map<SlotId, SlotEntry>();
  const foreign: ForeignEntry[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [field = '', value = ''] = flat.slice(at, at + 2);
    const entry = slotEntry(value);
    if (entry !== undefined && /^\d{1,15}$/.test(field)) slots.set(Number(field), entry);
    else foreign.push({ slot: field, text: value });
  }
  return { slots, foreign };
}

/** Lease, renewals and share of nodes heard of each gateway, in order. */
export function leases(names: readonly string[], reply: unknown): ReadonlyMap<string, ObservedLease> {
  const flat = words(reply).map(text);
  return new Map(
    names.map((name, at) => {
      const [lease = '', renewals = '0', heard = '0'] = flat.slice(at * 3, at * 3 + 3);
      const there = lease !== '';
      return [
        name,
        {
          incarnation: there ? lease : undefined,
          renewals: Number(renewals),
          heard: there ? Number(heard) : 0,
        },
      ];
    }),
  );
}

export const malformed = (reply: unknown): ProtocolError =>
  new ProtocolError('SLUICE_STORE_REFUSED', {
    message: `Redis answered ${JSON.stringify(reply)}, which no script of Sluice answers`,
  });
