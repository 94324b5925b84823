/**
 * The slot protocol of one gateway: events in, effects out. No clock, no randomness, no IO: a simulator runs the same
 * code as the gateway does. docs/design/slot-protocol.md is the rule.
 */
import { type GatewayName, type RenewAnswer, type SlotId } from '../store.js';
import { Attempts, type Take } from './attempts.js';
import { closeSlots, type MachineContext, type MachineSettings } from './context.js';
import { type Decision, decide } from './decide.js';
import { type SlotEffect } from './effects.js';
import { type SlotEvent } from './events.js';
import { Fitness } from './fitness.js';
import { Hearing } from './hearing.js';
import { Listening } from './listening.js';
import { Moves } from './moves.js';
import { Observer, type Return } from './observe.js';
import { SlotRecord } from './slot-record.js';
import { Upkeep } from './upkeep.js';

type Look = Extract<SlotEvent, { readonly type: 'look' }>;
type Groups = Readonly<Record<'extend' | 'assert' | 'superseded' | 'isolated' | 'listen', SlotRecord[]>>;
type Renewed = Extract<RenewAnswer, { readonly kind: 'renewed' }>;

/** A candidate waits so long for each living one that is preferred to it. */
const staggerMs = 300;

export class SlotMachine {
  private readonly slots = new Map<SlotId, SlotRecord>();
  private readonly observer: Observer;
  private readonly hearing: Hearing;
  private readonly attempts: Attempts;
  private readonly moves: Moves;
  private readonly upkeep: Upkeep;
  private readonly fitness: Fitness;
  private readonly listening: Listening;
  private readonly context: MachineContext;
  private effects: SlotEffect[] = [];
  private draining: ReadonlySet<GatewayName> = new Set();
  private mark: string | undefined;
  /** Leases may have been lost: nobody is taken over before. */
  private blockedUntil = Number.NEGATIVE_INFINITY;
  private beliefSince = Number.NEGATIVE_INFINITY;
  private storeSilentSince: number | undefined;

  constructor(private readonly settings: MachineSettings) {
    this.observer = new Observer(settings.times);
    this.hearing = new Hearing(settings.times);
    this.context = {
      settings,
      slots: this.slots,
      observer: this.observer,
      emit: (effect) => this.effects.push(effect),
      isFit: () => this.fitness.isFit,
      draining: () => this.draining,
    };
    this.attempts = new Attempts(this.context);
    this.moves = new Moves(this.context);
    this.upkeep = new Upkeep(this.context);
    this.fitness = new Fitness(this.context, this.hearing, this.attempts);
    this.listening = new Listening(this.context);
  }

  /** See Fitness. */
  get isFit(): boolean {
    return this.fitness.isFit;
  }

  /** Slots that pass traffic and answer for their addresses, as far as is known. */
  get open(): ReadonlySet<SlotId> {
    return new Set([...this.slots.values()].filter(({ isOpen }) => isOpen).map(({ slot }) => slot));
  }

  /** Slots that are being left: their connections go on. */
  get retiring(): ReadonlySet<SlotId> {
    const leaving = [...this.slots.values()].filter(({ gate }) => gate?.form === 'retiring');
    return new Set(leaving.map(({ slot }) => slot));
  }

  /** `now`: milliseconds of a clock that never goes back and runs on while the machine sleeps. */
  handle(event: SlotEvent, now: number): readonly SlotEffect[] {
    this.effects = [];
    this.take(event, now);
    return this.effects;
  }

  private take(event: SlotEvent, now: number): void {
    switch (event.type) {
      case 'duties':
        this.draining = event.draining;
        this.assign(event.duties, now);
        return;
      case 'store-connected':
        this.blockedUntil = now + this.settings.times.leaseMs;
        this.observer.blind();
        return;
      case 'bfd':
        this.observer.heardBfd(event.peers);
        this.hearing.heard(event.shareUp, now);
        return;
      case 'stalled':
        this.hearing.stalled(now);
        return;
      case 'health':
        this.fitness.health(event, this.storeAnswers, now);
        return;
      case 'look':
        this.look(event, now);
        return;
      case 'armed':
        this.attempts.armed(event.attempt, event.ok, now);
        return;
      case 'claimed':
        this.attempts.claimed(event.attempt, event.answers, now);
        return;
      case 'probed':
        this.attempts.probed(event.attempt, event, now);
        return;
      case 'answered-late':
        this.attempts.answeredLate(event.slots, now);
        return;
      case 'listened':
        this.listening.listened(event, now);
        return;
      case 'announced':
        this.announced(event, now);
        return;
      case 'unused':
        this.moves.unused(event.slots, now);
        return;
      case 'stopping':
        this.stopping(now);
        return;
      case 'asserted':
      case 'retired':
      case 'handed-over':
        this.ofSlot(event, now);
        return;
    }
  }

  /** What it carries is carried on for as long as may be, by what is known: the next process needs that time to start. */
  private stopping(now: number): void {
    const carried = [...this.slots.values()].filter(
      (record) => record.isIdle && this.decide(record, undefined, now).do === 'extend',
    );
    this.upkeep.extendNow(carried, now);
  }

  private ofSlot(
    event: Extract<SlotEvent, { readonly type: 'asserted' | 'retired' | 'handed-over' }>,
    now: number,
  ): void {
    const record = this.slots.get(event.slot);
    if (record === undefined) return;
    switch (event.type) {
      case 'asserted':
        record.asserting = false;
        // One that was superseded shows at the next look.
        if (event.answer?.kind !== 'asserted' || record.gate === undefined) return;
        record.gate = { ...record.gate, epoch: event.answer.epoch };
        record.wrote({ holder: this.settings.self, epoch: event.answer.epoch, released: false }, now);
        return;
      case 'retired':
        this.moves.retired(record, event.ok, now);
        return;
      case 'handed-over':
        this.moves.handedOver(record, event.answer, now);
        return;
    }
  }

  /** A slot that is no duty any more is closed. */
  private assign(duties: Extract<SlotEvent, { readonly type: 'duties' }>['duties'], now: number): void {
    const wanted = new Set(duties.map(({ slot }) => slot));
    const gone = [...this.slots.values()].filter(({ slot }) => !wanted.has(slot));
    closeSlots(
      this.context,
      gone.filter(({ gate }) => gate !== undefined),
      { now, release: true },
    );
    for (const { slot } of gone) this.slots.delete(slot);
    for (const duty of duties) {
      const known = this.slots.get(duty.slot);
      if (known === undefined) this.slots.set(duty.slot, new SlotRecord(duty.slot, duty));
      else known.duty = duty;
    }
  }

  /**
   * Row 13: two are open. Whoever has the lower epoch closes; the store says so at the next look, but one that has no
   * answer asks the cluster's map, and if that does not know either, the lower name closes.
   */
  private announced({ slot, by }: Extract<SlotEvent, { readonly type: 'announced' }>, now: number): void {
    const record = this.slots.get(slot);
    if (record?.gate?.form !== 'open' || this.storeAnswers) return;
    const { self } = this.settings;
    const { gate, duty } = record;
    const { recorded } = duty;
    const known = recorded !== undefined && recorded.epoch >= gate.epoch;
    const loses = known ? recorded.holder !== self : self < by;
    if (loses) closeSlots(this.context, [record], { now, release: false });
  }

  private get storeAnswers(): boolean {
    return this.storeSilentSince === undefined;
  }

  private look({ sentAt, answer, gate }: Look, now: number): void {
    if (answer?.kind === 'renewed') this.answered(answer, sentAt, now);
    else this.unanswered(now);
    if (gate !== undefined) this.readGate(gate, { sentAt, now });
    this.attempts.expire(now);
    this.moves.expire(now);
    if (gate !== undefined) this.moves.forgotten(now);
    if (!this.isFit || this.fitness.isDeaf(this.storeAnswers, now)) {
      this.fitness.resign(now);
      return;
    }
    this.act(answer?.kind === 'renewed' ? answer : undefined, now);
    if (answer?.kind === 'renewed') this.moves.plan(now);
  }

  private answered({ mark, leases, slots }: Renewed, sentAt: number, now: number): void {
    if (this.mark !== undefined && mark !== this.mark) {
      this.blockedUntil = now + this.settings.times.leaseMs;
      this.observer.blind();
    }
    this.mark = mark;
    this.beliefSince = sentAt;
    this.storeSilentSince = undefined;
    const returns = this.observer.looked(leases, { now, prompt: now - sentAt < this.settings.times.stallMs });
    for (const back of returns) this.announceAgain(back);
    for (const record of this.slots.values()) {
      if (record.entryAt < sentAt) record.saw(slots.get(record.slot), this.settings.self, now);
      const { entry } = record;
      record.missingSince = entry === undefined ? (record.missingSince ?? now) : undefined;
      if (entry !== undefined && entry.holder !== this.settings.self) record.formerHolder = entry.holder;
    }
  }

  /** What was taken from a gateway while it was away: packets and questions that waited in it are answered by it now. */
  private announceAgain({ name, awaySince }: Return): void {
    const taken = [...this.slots.values()].filter(({ isOpen, formerHolder, openedAt }) => {
      return isOpen && formerHolder === name && openedAt >= awaySince;
    });
    if (taken.length === 0) return;
    this.context.emit({ type: 'announce-again', slots: taken.map(({ slot }) => slot) });
  }

  private unanswered(now: number): void {
    this.storeSilentSince ??= now;
    this.observer.blind();
    for (const record of this.slots.values()) record.missingSince = undefined;
  }

  private readGate(
    gate: NonNullable<Look['gate']>,
    { sentAt, now }: { readonly sentAt: number; readonly now: number },
  ): void {
    for (const record of this.slots.values()) {
      if (record.changedAt < sentAt) record.gate = gate.get(record.slot);
      record.openSince = record.isOpen ? (record.openSince ?? now) : undefined;
    }
    const foreign = [...gate.keys()].filter((slot) => !this.slots.has(slot));
    // Before the duties are known nothing is foreign.
    if (this.slots.size === 0 || foreign.length === 0) return;
    this.context.emit({ type: 'close', slots: foreign, release: new Map() });
  }

  /** One decision for each slot, and then everything at once. */
  private act(answer: Renewed | undefined, now: number): void {
    const groups: Groups = { extend: [], assert: [], superseded: [], isolated: [], listen: [] };
    const takes: { readonly take: Take; readonly byMap: boolean }[] = [];
    for (const record of this.slots.values()) {
      if (!record.isIdle) {
        if (record.gate?.form === 'retiring') groups.extend.push(record);
        continue;
      }
      const decision = this.decide(record, answer, now);
      if (record.gate?.form === 'retiring' && decision.do !== 'extend') groups.extend.push(record);
      if (decision.do !== 'take') record.eligibleSince = undefined;
      switch (decision.do) {
        case 'extend':
        case 'assert':
        case 'listen':
          groups[decision.do].push(record);
          break;
        case 'close':
          groups[decision.why].push(record);
          break;
        case 'take':
          if (this.mayTake(record, decision, now)) {
            takes.push({ take: { record, why: decision.why }, byMap: decision.byMap });
          } else if (now < record.backOffUntil) {
            // Whoever answers for it may stop long before the time is over.
            groups.listen.push(record);
          }
          break;
        case 'nothing':
          break;
      }
    }
    this.closed(groups, now);
    this.upkeep.extend([...groups.extend, ...groups.assert], now);
    this.assert(groups.assert);
    this.listening.listen(groups.listen, now);
    for (const byMap of [false, true]) {
      const batch = takes.filter((entry) => entry.byMap === byMap).map(({ take }) => take);
      this.attempts.begin(batch, { byMap, mark: answer?.mark ?? '', now });
    }
    this.upkeep.record(now);
  }

  private decide(record: SlotRecord, answer: Renewed | undefined, now: number): Decision {
    const { settings, observer } = this;
    const { entry, duty } = record;
    const holder = answer === undefined ? duty.recorded?.holder : entry?.holder;
    return decide({
      self: settings.self,
      now,
      times: settings.times,
      gate: record.gate,
      answered: answer !== undefined,
      entry,
      beliefSince: this.beliefSince,
      shareUp: this.hearing.share,
      isCutOff: this.hearing.isCutOff(now),
      holder:
        holder === undefined
          ? { there: false, silent: false, goneFor: 0, bfd: 'unknown' }
          : {
              there: observer.isThere(holder),
              silent: observer.isSilent(holder),
              goneFor: observer.goneFor(holder, now),
              bfd: observer.bfdOf(holder),
            },
      recorded: duty.recorded,
      silentFor: since(record.silentSince, now),
      missingFor: since(record.missingSince, now),
      storeSilentFor: Math.min(since(this.storeSilentSince, now), this.hearing.connectedFor(now)),
    });
  }

  /** Whether this gateway is the one to take it, and now is the time. */
  private mayTake(
    record: SlotRecord,
    { why, byMap }: Extract<Decision, { readonly do: 'take' }>,
    now: number,
  ): boolean {
    if (now < record.backOffUntil || (!byMap && now < this.blockedUntil)) return false;
    if (why === 'mine-already') return true;
    const { self } = this.settings;
    const { order } = record.duty;
    const own = order.indexOf(self);
    const { entry } = record;
    // Who released it cannot have it now.
    const gaveUp = entry?.released === true ? entry.holder : undefined;
    const others = order.filter(
      (name) => name !== self && name !== gaveUp && this.observer.isReached(name) && !this.draining.has(name),
    );
    if (own < 0 || (this.draining.has(self) && others.length > 0)) return false;
    const better = others.filter((name) => order.indexOf(name) < own).length;
    record.eligibleSince ??= now;
    return now - record.eligibleSince >= better * staggerMs;
  }

  private closed({ superseded, isolated }: Groups, now: number): void {
    closeSlots(this.context, [...superseded, ...isolated], { now, release: false });
    if (isolated.length === 0) return;
    this.context.emit({ type: 'alarm', kind: 'isolated', slots: isolated.map(({ slot }) => slot) });
  }

  private assert(records: readonly SlotRecord[]): void {
    for (const record of records) {
      if (record.asserting || record.gate === undefined) continue;
      record.asserting = true;
      this.context.emit({ type: 'assert', slot: record.slot, mine: record.gate.epoch });
    }
  }
}

const since = (time: number | undefined, now: number): number => (time === undefined ? 0 : now - time);
