/**
 * Opening (section 5 of the protocol): arm, claim, ask, open. Each side arms before it asks, so of two that both open one
 * must have been heard by the other, whatever the stores say. Slots that are taken at one look go through it together.
 */
import { type ClaimAnswer, type SlotId } from '../store.js';
import { closeSlots, type MachineContext } from './context.js';
import { type Modification, type TakeReason } from './effects.js';
import { idle, type SlotRecord } from './slot-record.js';
import { sharedUntil } from './upkeep.js';

export interface Take {
  readonly record: SlotRecord;
  readonly why: TakeReason;
}

interface Attempt {
  readonly id: number;
  readonly startedAt: number;
  /** When each step was done. */
  armedAt?: number;
  claimedAt?: number;
  readonly byMap: boolean;
  /** Of the answer that the decision was made on. */
  readonly mark: string;
  /** Those that are still in it. */
  takes: readonly Take[];
  readonly epochs: Map<SlotId, number>;
  /** Of the entries that the decision was made on: one that changed since is not claimed. */
  readonly epochsRead: ReadonlyMap<SlotId, number>;
}

const firstBackOffMs = 1000;
const mostBackOffMs = 30_000;
/** A round without an answer of a router says nothing: again soon. */
const noControlMs = 250;
/** Who answers a question later than this has been asked by somebody else since. */
const lateMs = 1000;
/** An attempt takes 0.2 s; one that hangs is given up. */
const patienceMs = 3000;

export class Attempts {
  private readonly running = new Map<number, Attempt>();
  private last = 0;

  constructor(private readonly context: MachineContext) {}

  begin(takes: readonly Take[], { byMap, mark, now }: { byMap: boolean; mark: string; now: number }): void {
    if (takes.length === 0) return;
    const id = ++this.last;
    const epochsRead = new Map(
      takes.map(({ record: { slot, entry, duty } }) => [slot, (byMap ? duty.recorded : entry)?.epoch ?? 0]),
    );
    this.running.set(id, { id, startedAt: now, byMap, mark, takes, epochs: new Map(), epochsRead });
    const { emit, settings } = this.context;
    for (const { record } of takes) {
      record.step = { kind: 'attempt', attempt: id };
      const { incarnation } = settings;
      record.willBe({ form: 'armed', epoch: 0, other: undefined, parting: false, incarnation }, now);
    }
    emit({ type: 'arm', attempt: id, slots: takes.map(({ record }) => record.slot) });
  }

  armed(id: number, ok: boolean, now: number): void {
    const attempt = this.running.get(id);
    if (attempt === undefined) return;
    if (!ok) {
      this.giveUp(attempt, attempt.takes, now);
      return;
    }
    attempt.armedAt = now;
    const slots = attempt.takes.map(({ record: { slot, entry, duty, gate } }) => {
      const epochs = [entry?.epoch ?? 0, duty.recorded?.epoch ?? 0, gate?.epoch ?? 0];
      return { slot, epochRead: attempt.epochsRead.get(slot) ?? 0, floor: Math.max(...epochs) + 1 };
    });
    const { emit } = this.context;
    if (attempt.byMap) emit({ type: 'claim-in-map', attempt: id, slots });
    else emit({ type: 'claim', attempt: id, mark: attempt.mark, slots });
  }

  claimed(id: number, answers: ReadonlyMap<SlotId, ClaimAnswer>, now: number): void {
    const attempt = this.running.get(id);
    if (attempt === undefined) return;
    attempt.claimedAt = now;
    const lost: Take[] = [];
    for (const take of attempt.takes) {
      const answer = answers.get(take.record.slot);
      if (answer?.kind !== 'claimed') {
        lost.push(take);
        continue;
      }
      attempt.epochs.set(take.record.slot, answer.epoch);
      take.record.wrote({ holder: this.context.settings.self, epoch: answer.epoch, released: false }, now);
    }
    this.giveUp(attempt, lost, now);
    if (attempt.takes.length === 0) return;
    this.context.emit({ type: 'probe', attempt: id, slots: attempt.takes.map(({ record }) => record.slot) });
  }

  probed(
    id: number,
    { answered, control }: { readonly answered: ReadonlySet<SlotId>; readonly control: boolean },
    now: number,
  ): void {
    const attempt = this.running.get(id);
    if (attempt === undefined) return;
    const records = attempt.takes.map(({ record }) => record);
    const alive = holdersHeard(records, answered);
    const isHeard = (record: SlotRecord): boolean => answered.has(record.slot) || isLeftTo(alive, record);
    this.backOff(records.filter(isHeard), now);
    const silent = attempt.takes.filter(({ record }) => !isHeard(record));
    const may = control && this.context.isFit();
    const open = may ? silent.filter(({ record }) => !isSuperseded(record, attempt)) : [];
    if (!control) for (const { record } of silent) record.backOffUntil = now + noControlMs;
    this.giveUp(
      attempt,
      attempt.takes.filter((take) => !open.includes(take)),
      now,
    );
    if (open.length > 0) this.open(attempt, open, now);
    this.running.delete(id);
  }

  /**
   * Another gateway answered for slots that were opened since: it is slow, and lives. It closes when it has heard of the
   * claim; until then this one closes everything that it has of it, and asks again.
   */
  answeredLate(slots: ReadonlySet<SlotId>, now: number): void {
    const { context } = this;
    const recent = [...context.slots.values()].filter(({ isOpen, isIdle, openedAt }) => {
      return isOpen && isIdle && now - openedAt < lateMs;
    });
    const alive = holdersHeard(recent, slots);
    const both = recent.filter((record) => slots.has(record.slot) || isLeftTo(alive, record));
    if (both.length === 0) return;
    closeSlots(context, both, { now, release: false });
    context.emit({ type: 'alarm', kind: 'answered-late', slots: both.map(({ slot }) => slot) });
  }

  /** Attempts that hang, because an answer got lost. */
  expire(now: number): void {
    for (const attempt of this.running.values()) {
      if (now - attempt.startedAt > patienceMs) this.giveUp(attempt, attempt.takes, now);
    }
  }

  /** Everything at once: the switch or the uplink is gone. */
  abandon(): void {
    for (const { takes } of this.running.values()) for (const { record } of takes) record.step = idle;
    this.running.clear();
  }

  private open(attempt: Attempt, takes: readonly Take[], now: number): void {
    const { emit } = this.context;
    const entries = takes.map(({ record, why }) => this.opened(record, why, attempt, now));
    emit({ type: 'modify', entries });
    const slots = takes.map(({ record }) => record.slot);
    emit({ type: 'announce', slots });
    for (const [key, group] of Map.groupBy(
      takes,
      ({ why, record }) => `${why} ${record.formerHolder ?? ''}`,
    )) {
      const [first] = group;
      if (first === undefined || key === '') continue;
      emit({
        type: 'moved',
        slots: group.map(({ record }) => record.slot),
        why: first.why,
        from: first.record.formerHolder,
        to: this.context.settings.self,
        startedAt: attempt.startedAt,
        at: now,
        steps: stepsOf(attempt, now),
      });
    }
  }

  private opened(record: SlotRecord, why: TakeReason, attempt: Attempt, now: number): Modification {
    const { settings, observer } = this.context;
    const { formerHolder, slot, given } = record;
    // Handed over by one who lives, or did a moment ago, whatever a late lease says: it still has the connections.
    const wasGiven = given !== undefined && given.by === formerHolder && now - given.at <= patienceMs;
    const lives = formerHolder !== undefined && (wasGiven || observer.isThere(formerHolder));
    const shares = why === 'mine-already' && lives;
    const other = shares ? formerHolder : undefined;
    const epoch = attempt.epochs.get(slot) ?? 0;
    record.willBe({ form: 'open', epoch, other, parting: false, incarnation: settings.incarnation }, now);
    record.sharedUntil = shares ? sharedUntil(settings, now) : undefined;
    record.answeredRounds = 0;
    record.openedAt = now;
    record.step = idle;
    return { slot, form: 'open', epoch, other, parting: false };
  }

  /** Two answered rounds raise an alarm; each one lets more time pass until the next. */
  private backOff(records: readonly SlotRecord[], now: number): void {
    for (const record of records) {
      const doubled = firstBackOffMs * 2 ** Math.max(0, record.answeredRounds - 1);
      record.answeredRounds++;
      record.backOffUntil = record.answeredRounds < 2 ? now : now + Math.min(mostBackOffMs, doubled);
    }
    const slots = records.filter(({ answeredRounds }) => answeredRounds === 2).map(({ slot }) => slot);
    if (slots.length > 0) this.context.emit({ type: 'alarm', kind: 'answered', slots });
  }

  private giveUp(attempt: Attempt, takes: readonly Take[], now: number): void {
    for (const { record } of takes) record.step = idle;
    attempt.takes = attempt.takes.filter((take) => !takes.includes(take));
    if (attempt.takes.length === 0) this.running.delete(attempt.id);
    closeSlots(
      this.context,
      takes.map(({ record }) => record),
      { now, release: false },
    );
  }
}

const stepsOf = ({ startedAt, armedAt = startedAt, claimedAt = startedAt }: Attempt, probedAt: number) => ({
  armed: armedAt - startedAt,
  claimed: claimedAt - startedAt,
  probed: probedAt - startedAt,
});

/** Former holders that answered for one of the slots: what they did not answer for they may have been too slow for. */
const holdersHeard = (records: readonly SlotRecord[], answered: ReadonlySet<SlotId>): ReadonlySet<string> =>
  new Set(records.flatMap(({ slot, formerHolder }) => (answered.has(slot) ? (formerHolder ?? []) : [])));

/** Its former holder is one of these, and has not given it away. */
const isLeftTo = (holders: ReadonlySet<string>, { formerHolder, given }: SlotRecord): boolean =>
  formerHolder !== undefined && given?.by !== formerHolder && holders.has(formerHolder);

/** A look since the claim showed a later holder. */
const isSuperseded = ({ entry, slot }: SlotRecord, { epochs }: Attempt): boolean =>
  entry !== undefined && entry.epoch > (epochs.get(slot) ?? 0);
