/** Rounds on the wire outside an attempt: how long nobody has answered for a slot whose holder seems to be gone. */
import { type MachineContext } from './context.js';
import { type SlotEvent } from './events.js';
import { type SlotRecord } from './slot-record.js';

/** Between two rounds that listen for a silent holder. */
const listenEveryMs = 500;
/** Silence goes on from one round to the next one if that comes so soon. */
const freshListenMs = 1500;

export class Listening {
  private at = Number.NEGATIVE_INFINITY;

  constructor(private readonly context: Pick<MachineContext, 'slots' | 'emit'>) {}

  listen(records: readonly SlotRecord[], now: number): void {
    if (records.length === 0 || now - this.at < listenEveryMs) return;
    this.at = now;
    this.context.emit({ type: 'listen', slots: records.map(({ slot }) => slot) });
  }

  listened(
    { asked, answered, control }: Extract<SlotEvent, { readonly type: 'listened' }>,
    now: number,
  ): void {
    for (const slot of asked) {
      const record = this.context.slots.get(slot);
      if (record === undefined) continue;
      const silent = control && !answered.has(slot);
      // What was heard before a break says nothing about the time between.
      const begun = now - record.listenedAt <= freshListenMs ? record.silentSince : undefined;
      record.listenedAt = now;
      record.silentSince = silent ? (begun ?? now) : undefined;
      if (silent && record.answeredRounds > 0) record.backOffUntil = now;
    }
  }
}
