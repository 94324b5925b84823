/** What the scripts answer, as the types of the port. */
import { ProtocolError } from '@sluice/core';
import { type ObservedLease, type SlotEntry, type SlotId } from '../store.js';

/** Undefined: empty, or written by somebody else in a form that is not ours. */
export function slotEntry(text: string): SlotEntry | undefined {
  const [, epoch, released, holder] = /^(\d{1,16}):([01]):(.+)$/.exec(text) ?? [];
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

/** `HGETALL`: field, value, field, value … */
export function slotEntries(reply: unknown): ReadonlyMap<SlotId, SlotEntry> {
  const flat = words(reply).map(text);
  const entries = new Map<SlotId, SlotEntry>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const entry = slotEntry(flat[at + 1] ?? '');
    const slot = Number(flat[at]);
    if (entry !== undefined && Number.isSafeInteger(slot)) entries.set(slot, entry);
  }
  return entries;
}

/** Lease and renewals of each gateway, in order. */
export function leases(names: readonly string[], reply: unknown): ReadonlyMap<string, ObservedLease> {
  const flat = words(reply).map(text);
  return new Map(
    names.map((name, at) => [
      name,
      {
        incarnation: flat[at * 2] === '' ? undefined : flat[at * 2],
        renewals: Number(flat[at * 2 + 1] ?? 0),
      },
    ]),
  );
}

export const malformed = (reply: unknown): ProtocolError =>
  new ProtocolError('SLUICE_STORE_REFUSED', {
    message: `Redis answered ${JSON.stringify(reply)}, which no script of Sluice answers`,
  });
