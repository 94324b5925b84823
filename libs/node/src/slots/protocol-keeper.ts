/**
 * The slot protocol on one gateway: its machine (libs/coordination), and everything that the machine has to do with the
 * world: the store, the gate, the wire, BFD and the cluster's map.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import {
  type ClaimAnswer,
  type GateState,
  type GateTable,
  type MachineSettings,
  type MoveQueue,
  type SlotEffect,
  type SlotEvent,
  SlotMachine,
  type SlotStore,
  slotTimes,
} from '@sluice/coordination';
import { type GateEntry } from '@sluice/datapath';
import { type GlobalSlot, type SlotDuty, type SlotView } from '@sluice/model';
import { type Answer } from '../frames/probe.js';
import { type Gate, type GateChange } from './gate.js';
import { type GatewayEvents } from './gateway-events.js';
import { type Leaving } from './leaving.js';
import { type MoveReporter } from './move-reporter.js';
import { type PoolMap } from './pool-map.js';
import { type SlotKeeper } from './slot-keeper.js';
import { type SlotMetrics } from './slot-metrics.js';
import { type Wire } from './wire.js';

export interface ProtocolKeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly wire: Wire;
  readonly store: SlotStore;
  readonly closeStore: () => Promise<void>;
  readonly map: PoolMap;
  readonly reporter: MoveReporter;
  readonly queue: Pick<MoveQueue, 'moved'>;
  readonly events: Pick<GatewayEvents, 'tell'>;
  readonly leaving: Leaving;
  readonly metrics: SlotMetrics;
  /** Of this process, 48 bits. */
  readonly incarnation: number;
  readonly moves: Pick<MachineSettings, 'holdDownMs' | 'maxConcurrentMoves' | 'drainMs'>;
  readonly switchUp: () => boolean;
  /** Node id → whether BFD hears the node. */
  readonly liveness: () => ReadonlyMap<number, boolean>;
}

type Effect<T extends SlotEffect['type']> = Extract<SlotEffect, { readonly type: T }>;

/** Of a gateway that cannot carry anything. */
const noLeaseMs = 1;

export class ProtocolKeeper implements SlotKeeper {
  private readonly listeners = new Set<() => void>();
  private machine: SlotMachine | undefined;
  private view: SlotView | undefined;
  private duties: ReadonlyMap<GlobalSlot, SlotDuty> = new Map();
  private carried: ReadonlySet<GlobalSlot> = new Set();
  /** Of all nodes, as BFD hears them. */
  private shareUp = 1;
  private looking = false;
  private lookAgain = false;
  private cancel: (() => void) | undefined;
  /** Reads and changes of the gate, one after the other: a look must not see an older gate than the machine made. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ProtocolKeeperOptions) {}

  get open(): ReadonlySet<GlobalSlot> {
    return this.carried;
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  start(): void {
    this.tick();
  }

  async stop(): Promise<void> {
    this.cancel?.();
    this.machine = undefined;
    this.options.wire.stop();
    this.options.leaving.stop();
    await Promise.all([this.turn, this.options.closeStore()]);
  }

  update(view: SlotView, uplinkMac: string): void {
    this.view = view;
    this.duties = new Map(view.slots.map((duty) => [duty.slot, duty]));
    this.machine ??= this.newMachine(view.self);
    const { wire } = this.options;
    wire.update({
      asker: { mac: uplinkMac, nodeId: view.nodeId },
      controls: view.nextHops,
      peers: view.peers.flatMap(({ uplinkMac: mac }) => mac ?? []),
    });
    this.dispatch({
      type: 'duties',
      duties: view.slots.map(({ slot, order, recorded }) => ({ slot, order, recorded })),
      peers: view.peers.map(({ name }) => name),
      draining: view.draining,
    });
    this.livenessChanged();
  }

  switchChanged(): void {
    this.health();
    this.lookSoon();
  }

  storeConnected(): void {
    this.dispatch({ type: 'store-connected' });
    this.lookSoon();
  }

  /** Another gateway announced an address on the uplink. */
  announced({ address, mac }: Answer): void {
    const by = this.view?.peers.find(({ uplinkMac }) => uplinkMac === mac)?.name;
    if (by === undefined) return;
    for (const { slot, addresses } of this.duties.values()) {
      if (addresses.includes(address)) this.dispatch({ type: 'announced', slot, by });
    }
  }

  /** The last connection of slots that this gateway is leaving has ended. */
  unused(slots: ReadonlySet<GlobalSlot>): void {
    this.dispatch({ type: 'unused', slots });
  }

  livenessChanged(): void {
    const liveness = this.options.liveness();
    const up = [...liveness.values()].filter(Boolean).length;
    const peers = (this.view?.peers ?? []).flatMap(({ name, nodeId }) => {
      const alive = liveness.get(nodeId);
      return alive === undefined ? [] : [[name, alive] as const];
    });
    this.shareUp = liveness.size === 0 ? 1 : up / liveness.size;
    this.dispatch({ type: 'bfd', peers: new Map(peers), shareUp: this.shareUp });
    this.lookSoon();
  }

  private get now(): number {
    return this.options.clock.monotonicMs();
  }

  private newMachine(self: string): SlotMachine {
    const { incarnation, moves } = this.options;
    return new SlotMachine({ self, incarnation, times: slotTimes, ...moves });
  }

  private tick(): void {
    this.cancel = this.options.clock.after(slotTimes.renewMs, () => this.tick());
    this.lookSoon();
  }

  /** One look at a time; what happens meanwhile gives another one after it. */
  private lookSoon(): void {
    if (this.machine === undefined) return;
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    void this.looks().finally(() => {
      this.looking = false;
    });
  }

  private async looks(): Promise<void> {
    while (this.lookAgain && this.machine !== undefined) {
      this.lookAgain = false;
      this.health();
      const sentAt = this.now;
      const [answer, gate] = await Promise.all([this.renew(), this.readGate()]);
      this.dispatch({ type: 'look', sentAt, answer, gate });
    }
  }

  private health(): void {
    const { wire, switchUp } = this.options;
    const uplinkUp = wire.isUp(slotTimes.uplinkMs);
    this.dispatch({ type: 'health', switchUp: switchUp(), uplinkUp });
  }

  /** A gateway that cannot carry anything asks for a lease that ends at once: it reads what names it, and gives it back. */
  private async renew() {
    const { store, metrics } = this.options;
    if (this.machine === undefined || this.view === undefined) return undefined;
    const { self, peers } = this.view;
    const leaseMs = this.machine.isFit ? slotTimes.leaseMs : noLeaseMs;
    const done = metrics.renewSeconds.startTimer();
    try {
      const observed = peers.map(({ name }) => name);
      const request = { ...this.caller(self), leaseMs, heard: this.shareUp, observed };
      const answer = await store.renew(request);
      done();
      if (answer.kind === 'renewed') this.options.reporter.seen(answer.leases);
      return answer;
    } catch (error) {
      metrics.renewFailures.inc();
      this.options.logger.debug({ error: describeError(error) }, 'the store gave no answer');
      return undefined;
    }
  }

  private async readGate(): Promise<GateTable | undefined> {
    if (!this.options.switchUp()) return undefined;
    const { peers = [] } = this.view ?? {};
    const nameOf = (id: number) => peers.find(({ nodeId }) => nodeId === id)?.name;
    try {
      const entries = await this.inTurn(() => this.options.gate.gateEntries());
      return new Map(
        entries.map(({ slot, form, epoch, otherHolder, incarnation }): [GlobalSlot, GateState] => [
          slot,
          { form, epoch, incarnation, other: nameOf(otherHolder) },
        ]),
      );
    } catch (error) {
      this.options.logger.debug({ error: describeError(error) }, 'the gate was not read');
      return undefined;
    }
  }

  private dispatch(event: SlotEvent): void {
    if (this.machine === undefined) return;
    const effects = this.machine.handle(event, this.now);
    for (const effect of effects) {
      this.run(effect).catch((error: unknown) => {
        this.options.logger.warn({ effect: effect.type, error: describeError(error) }, 'a step failed');
      });
    }
    this.tell(this.machine.open);
    this.follow(this.machine.retiring);
  }

  private follow(retiring: ReadonlySet<GlobalSlot>): void {
    const { leaving, metrics } = this.options;
    const addresses = (slot: GlobalSlot) => this.duties.get(slot)?.addresses ?? [];
    leaving.update(new Map([...retiring].map((slot) => [slot, addresses(slot)])));
    metrics.leavingSlots.set(retiring.size);
    metrics.leavingConnections.set(leaving.connections);
  }

  private tell(open: ReadonlySet<GlobalSlot>): void {
    if (open.size === this.carried.size && [...open].every((slot) => this.carried.has(slot))) return;
    this.carried = open;
    this.options.metrics.open.set(open.size);
    for (const listener of this.listeners) listener();
  }

  private async run(effect: SlotEffect): Promise<void> {
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
        const { answered, control } = await this.round(effect.slots);
        this.dispatch({ type: 'probed', attempt: effect.attempt, answered, control });
        return;
      }
      case 'listen': {
        const { answered, control } = await this.round(effect.slots);
        this.dispatch({ type: 'listened', asked: new Set(effect.slots), answered, control });
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
      // The loop announces what is open, and repeats it; the userspace datapath forwards nothing without its process.
      case 'announce':
      case 'uplink-down':
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
      incarnation,
    }));
    const ok = await this.change({ arm }).then(
      () => true,
      () => false,
    );
    this.dispatch({ type: 'armed', attempt, ok });
  }

  /** Released only behind the barrier; a switch that is gone forwards nothing. */
  private async close({ slots, release }: Effect<'close'>): Promise<void> {
    const { store, switchUp } = this.options;
    const closed = this.change({ close: slots });
    if (switchUp()) await closed;
    else closed.catch(() => undefined);
    const caller = this.caller(this.view?.self ?? '');
    await Promise.all([...release].map(([slot, epoch]) => store.release({ ...caller, slot, epoch })));
  }

  private async claim({ attempt, slots, mark }: Effect<'claim'>): Promise<void> {
    const { store } = this.options;
    const common = { ...this.caller(this.view?.self ?? ''), leaseMs: slotTimes.leaseMs, mark };
    const answers = await Promise.all(
      slots.map(async (claim) => {
        const answer = await store.claim({ ...common, ...claim }).catch(() => undefined);
        return answer === undefined ? [] : [[claim.slot, answer] as const];
      }),
    );
    this.dispatch({ type: 'claimed', attempt, answers: new Map(answers.flat()) });
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
    this.dispatch({ type: 'claimed', attempt, answers });
  }

  private async assert({ slot, mine }: Effect<'assert'>): Promise<void> {
    const request = { ...this.caller(this.view?.self ?? ''), slot, mine };
    const answer = await this.options.store.assert(request).catch(() => undefined);
    this.dispatch({ type: 'asserted', slot, answer });
  }

  private async retire({ entry }: Effect<'retire'>): Promise<void> {
    const ok = await this.change({ modify: [this.entry(entry)] }).then(
      () => true,
      () => false,
    );
    this.dispatch({ type: 'retired', slot: entry.slot, ok });
  }

  private async handOver({ slot, epoch, successor }: Effect<'hand-over'>): Promise<void> {
    const request = { ...this.caller(this.view?.self ?? ''), slot, epoch, successor };
    const answer = await this.options.store.handOver(request).catch(() => undefined);
    this.dispatch({ type: 'handed-over', slot, answer });
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
  private async round(slots: readonly GlobalSlot[]) {
    const asked = slots.flatMap((slot) => {
      const [address] = this.duties.get(slot)?.addresses ?? [];
      return address === undefined ? [] : [{ slot, address }];
    });
    const { answered, control } = await this.options.wire.round(asked.map(({ address }) => address));
    const slotsOf = asked.filter(({ address }) => answered.has(address)).map(({ slot }) => slot);
    return { answered: new Set(slotsOf), control: control || this.view?.nextHops.length === 0 };
  }

  private alarm({ kind, slots }: Effect<'alarm'>): void {
    const { metrics, logger, events } = this.options;
    metrics.alarms.inc({ kind });
    logger.error({ kind, slots: slots.length }, alarmText[kind]);
    if (this.view === undefined || slots.length === 0) return;
    const reason = kind === 'answered' ? 'SlotContested' : 'SlotsGivenBack';
    events.tell(this.view.self, { type: 'Warning', reason, message: alarmText[kind] });
  }

  /** Told when the switch has what was sent to it before: then the slots are open. */
  private async moved(effect: Effect<'moved'>): Promise<void> {
    await this.inTurn(() => Promise.resolve());
    const { view } = this;
    const { reporter, queue } = this.options;
    if (view !== undefined) reporter.moved(effect, { view, doneAt: this.now }, queue);
  }

  private entry({ slot, form, epoch, other }: Effect<'modify'>['entries'][number]): GateEntry {
    const peer = this.view?.peers.find(({ name }) => name === other);
    const { incarnation } = this.options;
    return { slot, form, epoch, incarnation, otherHolder: peer?.nodeId ?? 0 };
  }

  private caller(gateway: string) {
    return { gateway, incarnation: this.options.incarnation.toString(16) };
  }

  private change(change: GateChange): Promise<void> {
    return this.inTurn(() => this.options.gate.changeGate(change));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(work);
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}

const alarmText = {
  answered:
    'another gateway answers for a slot that this one has claimed; look for a gateway that is cut off',
  'uplink-lost': 'no router answers on the uplink; every slot was given back',
  'underlay-lost':
    'no node is heard on the underlay, and another gateway hears them; every slot was given back',
  'switch-lost': 'Open vSwitch does not answer; every slot was given back',
  isolated: 'cut off from the store and from the nodes; every slot was closed',
} as const satisfies Record<Effect<'alarm'>['kind'], string>;
