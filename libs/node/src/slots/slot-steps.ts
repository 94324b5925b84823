/**
 * What the slot protocol's machine asks for, done to the world: the gate, the store, the wire, the cluster's map. Every
 * step that has an answer gives it back as an event.
 */
import { type Clock, type Logger } from '@sluice/core';
import {
  type ClaimAnswer,
  type MoveQueue,
  type SlotEffect,
  type SlotEvent,
  type SlotStore,
  slotTimes,
} from '@sluice/coordination';
import { type GateEntry } from '@sluice/datapath';
import { type GlobalSlot, type SlotDuty, type SlotView } from '@sluice/model';
import { type Gate, type GateChange } from './gate.js';
import { type GatewayEvents } from './gateway-events.js';
import { type MoveReporter } from './move-reporter.js';
import { type PoolMap } from './pool-map.js';
import { type SlotMetrics } from './slot-metrics.js';
import { type Wire } from './wire.js';

export interface SlotStepsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly wire: Pick<Wire, 'round'>;
  readonly store: SlotStore;
  readonly map: Pick<PoolMap, 'claim' | 'record' | 'withdraw'>;
  readonly reporter: Pick<MoveReporter, 'moved'>;
  readonly queue: Pick<MoveQueue, 'moved'>;
  readonly events: Pick<GatewayEvents, 'tell'>;
  readonly metrics: SlotMetrics;
  /** Of this process, 48 bits. */
  readonly incarnation: number;
  readonly switchUp: () => boolean;
  /** Takes the uplink down: the kernel's flows forward without Open vSwitch. Undefined: the datapath is in its process. */
  readonly fenceUplink: ((uplink: string) => Promise<void>) | undefined;
}

type Effect<T extends SlotEffect['type']> = Extract<SlotEffect, { readonly type: T }>;

export class SlotSteps {
  view: SlotView | undefined;
  duties: ReadonlyMap<GlobalSlot, SlotDuty> = new Map();
  /** By address: others announce thousands of them at once. */
  private slotsByAddress: ReadonlyMap<string, GlobalSlot> = new Map();
  private uplink: string | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private fenced: Promise<void> = Promise.resolve();

  /** `dispatch` gives the answer of a step to the machine. */
  constructor(
    private readonly options: SlotStepsOptions & {
      readonly dispatch: (event: SlotEvent) => void;
      readonly announceAgain: (slots: ReadonlySet<GlobalSlot>) => void;
    },
  ) {}

  update(view: SlotView, uplink: string): void {
    this.view = view;
    this.uplink = uplink;
    this.duties = new Map(view.slots.map((duty) => [duty.slot, duty]));
    this.slotsByAddress = new Map(
      view.slots.flatMap(({ slot, addresses }) => addresses.map((address) => [address, slot] as const)),
    );
  }

  /** The slot that an address belongs to. */
  slotOf(address: string): GlobalSlot | undefined {
    return this.slotsByAddress.get(address);
  }

  /** Resolves when the gate has what was asked of it. */
  async settled(): Promise<void> {
    await this.turn;
  }

  async run(effect: SlotEffect): Promise<void> {
    switch (effect.type) {
      case 'arm':
        return this.arm(effect);
      case 'modify':
        return this.change({ modify: effect.entries.map((entry) => this.entry(entry)) });
      case 'close':
        return this.close(effect);
      case 'claim':
        return this.claim(effect);
      case 'claim-in-map':
        return this.claimInMap(effect);
      case 'assert':
        return this.assert(effect);
      case 'probe': {
        const { answered, control } = await this.round(effect.slots, (slot) => {
          this.options.dispatch({ type: 'answered-late', slots: new Set([slot]) });
        });
        this.options.dispatch({ type: 'probed', attempt: effect.attempt, answered, control });
        return;
      }
      case 'listen': {
        const { answered, control } = await this.round(effect.slots);
        this.options.dispatch({ type: 'listened', asked: new Set(effect.slots), answered, control });
        return;
      }
      case 'retire':
        return this.retire(effect);
      case 'hand-over':
        return this.handOver(effect);
      case 'record':
        return this.record(effect);
      case 'withdraw':
        return this.withdraw(effect);
      case 'alarm':
        this.alarm(effect);
        return;
      case 'moved':
        return this.moved(effect);
      case 'uplink-down':
        return this.fence();
      // The loop announces what is open, and repeats it.
      case 'announce':
        return;
      case 'announce-again':
        this.options.announceAgain(new Set(effect.slots));
        return;
    }
  }

  private async arm({ attempt, slots }: Effect<'arm'>): Promise<void> {
    const { incarnation } = this.options;
    const arm = slots.map((slot): GateEntry => ({
      slot,
      form: 'armed',
      epoch: 0,
      otherHolder: 0,
      parting: false,
      incarnation,
    }));
    const ok = await this.change({ arm }).then(
      () => true,
      () => false,
    );
    this.options.dispatch({ type: 'armed', attempt, ok });
  }

  /** Released only behind the barrier; of a switch that is gone, behind the fence. */
  private async close({ slots, release }: Effect<'close'>): Promise<void> {
    const { store, switchUp } = this.options;
    const closed = this.change({ close: slots });
    if (switchUp()) await closed;
    else closed.catch(() => undefined);
    await this.fenced;
    const caller = this.caller();
    await Promise.all([...release].map(([slot, epoch]) => store.release({ ...caller, slot, epoch })));
  }

  /** The next commit to a switch that answers takes the uplink up again (nic/takeover.ts). */
  private async fence(): Promise<void> {
    const { fenceUplink, logger } = this.options;
    if (fenceUplink === undefined || this.uplink === undefined) return;
    const fencing = fenceUplink(this.uplink);
    // One that fails is told, and keeps nobody from taking over: the wire is asked before.
    this.fenced = fencing.catch(() => undefined);
    await fencing;
    logger.warn({ uplink: this.uplink }, 'Open vSwitch does not answer: the uplink is down until it does');
  }

  private async claim({ attempt, slots, mark }: Effect<'claim'>): Promise<void> {
    const { store } = this.options;
    const common = { ...this.caller(), leaseMs: slotTimes.leaseMs, mark };
    const answers = await Promise.all(
      slots.map(async (claim) => {
        const answer = await store.claim({ ...common, ...claim }).catch(() => undefined);
        return answer === undefined ? [] : [[claim.slot, answer] as const];
      }),
    );
    this.options.dispatch({ type: 'claimed', attempt, answers: new Map(answers.flat()) });
  }

  private async claimInMap({ attempt, slots }: Effect<'claim-in-map'>): Promise<void> {
    const { map, clock } = this.options;
    const self = this.view?.self ?? '';
    const answers = new Map<GlobalSlot, ClaimAnswer>();
    for (const [pool, claims] of this.byPool(slots)) {
      const wanted = claims.map(({ epochRead, floor, ordinal }) => {
        return { ordinal, epochRead, epoch: Math.max(floor, clock.wallMs()) };
      });
      const taken = await map.claim(pool, self, wanted).catch(() => []);
      for (const { ordinal, epoch } of taken) {
        const slot = claims.find((claim) => claim.ordinal === ordinal)?.slot;
        if (slot !== undefined) answers.set(slot, { kind: 'claimed', epoch });
      }
    }
    this.options.dispatch({ type: 'claimed', attempt, answers });
  }

  private async assert({ slot, mine }: Effect<'assert'>): Promise<void> {
    const request = { ...this.caller(), slot, mine };
    const answer = await this.options.store.assert(request).catch(() => undefined);
    this.options.dispatch({ type: 'asserted', slot, answer });
  }

  private async retire({ entry }: Effect<'retire'>): Promise<void> {
    const ok = await this.change({ modify: [this.entry(entry)] }).then(
      () => true,
      () => false,
    );
    this.options.dispatch({ type: 'retired', slot: entry.slot, ok });
  }

  private async handOver({ slot, epoch, successor }: Effect<'hand-over'>): Promise<void> {
    const request = { ...this.caller(), slot, epoch, successor };
    const answer = await this.options.store.handOver(request).catch(() => undefined);
    this.options.dispatch({ type: 'handed-over', slot, answer });
  }

  private async record({ slots }: Effect<'record'>): Promise<void> {
    const self = this.view?.self ?? '';
    const entries = [...slots].map(([slot, held]) => ({ slot, ...held }));
    for (const [pool, holdings] of this.byPool(entries)) await this.options.map.record(pool, self, holdings);
  }

  private async withdraw({ slots }: Effect<'withdraw'>): Promise<void> {
    const self = this.view?.self ?? '';
    const pools = this.byPool(slots.map((slot) => ({ slot })));
    for (const [pool, entries] of pools) {
      await this.options.map.withdraw(pool, self, new Set(entries.map(({ ordinal }) => ordinal)));
    }
  }

  private byPool<T extends { readonly slot: GlobalSlot }>(
    entries: readonly T[],
  ): ReadonlyMap<string, readonly (T & { readonly ordinal: number })[]> {
    const known = entries.flatMap((entry) => {
      const duty = this.duties.get(entry.slot);
      return duty === undefined ? [] : [{ pool: duty.pool, entry: { ...entry, ordinal: duty.ordinal } }];
    });
    const groups = Map.groupBy(known, ({ pool }) => pool);
    return new Map([...groups].map(([pool, group]) => [pool, group.map(({ entry }) => entry)]));
  }

  /** One address speaks for its slot; a slot without addresses has nobody who could answer. */
  private async round(slots: readonly GlobalSlot[], onLate?: (slot: GlobalSlot) => void) {
    const asked = slots.flatMap((slot) => {
      const [address] = this.duties.get(slot)?.addresses ?? [];
      return address === undefined ? [] : [{ slot, address }];
    });
    const addresses = asked.map(({ address }) => address);
    const tell = (address: string): void => {
      const slot = this.slotOf(address);
      if (slot !== undefined) onLate?.(slot);
    };
    const { answered, control } = await this.options.wire.round(addresses, onLate && tell);
    const slotsOf = asked.filter(({ address }) => answered.has(address)).map(({ slot }) => slot);
    return { answered: new Set(slotsOf), control: control || this.view?.nextHops.length === 0 };
  }

  private alarm({ kind, slots }: Effect<'alarm'>): void {
    const { metrics, logger, events } = this.options;
    metrics.alarms.inc({ kind });
    const { reason, message } = alarms[kind];
    logger.error({ kind, slots: slots.length }, message);
    if (this.view === undefined || slots.length === 0) return;
    events.tell(this.view.self, { type: 'Warning', reason, message });
  }

  /** Told when the switch has what was sent to it before: then the slots are open. */
  private async moved(effect: Effect<'moved'>): Promise<void> {
    await this.inTurn(() => Promise.resolve());
    const { view } = this;
    const { reporter, queue, clock } = this.options;
    if (view !== undefined) reporter.moved(effect, { view, doneAt: clock.monotonicMs() }, queue);
  }

  private entry({ slot, form, epoch, other, parting }: Effect<'modify'>['entries'][number]): GateEntry {
    const peer = this.view?.peers.find(({ name }) => name === other);
    const { incarnation } = this.options;
    return { slot, form, epoch, incarnation, otherHolder: peer?.nodeId ?? 0, parting };
  }

  caller() {
    return { gateway: this.view?.self ?? '', incarnation: this.options.incarnation.toString(16) };
  }

  private change(change: GateChange): Promise<void> {
    return this.inTurn(() => this.options.gate.changeGate(change));
  }

  /** Reads and changes of the gate, one after the other: a look must not see an older gate than the machine made. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(work);
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}

const contested = (message: string) => ({ reason: 'SlotContested', message }) as const;
const givenBack = (message: string) => ({ reason: 'SlotsGivenBack', message }) as const;

/** As events of the gateway and in its log. */
const alarms = {
  answered: contested(
    'another gateway answers for a slot that this one has claimed; look for a gateway that is cut off',
  ),
  'answered-late': contested(
    'another gateway answered too late for a slot that this one had opened, and closes again: look for a gateway that is short of CPU',
  ),
  'uplink-lost': givenBack('no router answers on the uplink; every slot was given back'),
  'underlay-lost': givenBack(
    'no node is heard on the underlay, and another gateway hears them; every slot was given back',
  ),
  'switch-lost': givenBack('Open vSwitch does not answer; every slot was given back'),
  isolated: givenBack('cut off from the store and from the nodes; every slot was closed'),
} as const satisfies Record<Effect<'alarm'>['kind'], unknown>;
