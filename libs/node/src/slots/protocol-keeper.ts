/**
 * The slot protocol on one gateway: its machine (libs/coordination), what the machine is told (looks at store and gate,
 * health, BFD, the cluster's map), and what follows from its answer. slot-steps.ts does what it asks for.
 */
import { describeError } from '@sluice/core';
import {
  type GateState,
  type GateTable,
  type MachineSettings,
  type SlotEvent,
  SlotMachine,
  slotTimes,
} from '@sluice/coordination';
import { type GlobalSlot, type SlotView, type Uplink } from '@sluice/model';
import { type Answer } from '../frames/probe.js';
import { type Leaving } from './leaving.js';
import { type MoveReporter } from './move-reporter.js';
import { type SlotKeeper } from './slot-keeper.js';
import { SlotSteps, type SlotStepsOptions } from './slot-steps.js';
import { type Wire } from './wire.js';

export interface ProtocolKeeperOptions extends SlotStepsOptions {
  readonly closeStore: () => Promise<void>;
  readonly wire: Pick<Wire, 'update' | 'stop' | 'isUp' | 'round'>;
  readonly reporter: Pick<MoveReporter, 'seen' | 'moved'>;
  readonly leaving: Pick<Leaving, 'update' | 'stop' | 'connections'>;
  readonly moves: Pick<MachineSettings, 'holdDownMs' | 'maxConcurrentMoves' | 'drainMs'>;
  /** Node id → whether BFD hears the node. */
  readonly liveness: () => ReadonlyMap<number, boolean>;
}

/** Of a gateway that cannot carry anything. */
const noLeaseMs = 1;

export class ProtocolKeeper implements SlotKeeper {
  private readonly listeners = new Set<() => void>();
  private readonly announceListeners = new Set<(slots: ReadonlySet<GlobalSlot>) => void>();
  private machine: SlotMachine | undefined;
  private carried: ReadonlySet<GlobalSlot> = new Set();
  private left = 0;
  /** Of all nodes, as BFD hears them. */
  private shareUp = 1;
  private looking = false;
  private lookAgain = false;
  private cancel: (() => void) | undefined;
  private readonly steps: SlotSteps;

  constructor(private readonly options: ProtocolKeeperOptions) {
    this.steps = new SlotSteps({
      ...options,
      dispatch: (event) => this.dispatch(event),
      announceAgain: (slots) => {
        for (const listener of this.announceListeners) listener(slots);
      },
    });
  }

  get open(): ReadonlySet<GlobalSlot> {
    return this.carried;
  }

  get leaving(): number {
    return this.left;
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  onAnnounceAgain(listener: (slots: ReadonlySet<GlobalSlot>) => void): void {
    this.announceListeners.add(listener);
  }

  start(): void {
    this.tick();
  }

  async stop(): Promise<void> {
    this.cancel?.();
    this.dispatch({ type: 'stopping' });
    this.machine = undefined;
    this.options.wire.stop();
    this.options.leaving.stop();
    await Promise.all([this.steps.settled(), this.options.closeStore()]);
  }

  update(view: SlotView, uplink: Pick<Uplink, 'interface' | 'mac'>): void {
    this.steps.update(view, uplink.interface);
    this.machine ??= this.newMachine(view.self);
    const { wire } = this.options;
    wire.update({
      asker: { mac: uplink.mac, nodeId: view.nodeId },
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
    const by = this.steps.view?.peers.find(({ uplinkMac }) => uplinkMac === mac)?.name;
    const slot = this.steps.slotOf(address);
    if (by !== undefined && slot !== undefined) this.dispatch({ type: 'announced', slot, by });
  }

  /** The last connection of slots that this gateway is leaving has ended. */
  unused(slots: ReadonlySet<GlobalSlot>): void {
    this.dispatch({ type: 'unused', slots });
  }

  livenessChanged(): void {
    const liveness = this.options.liveness();
    const up = [...liveness.values()].filter(Boolean).length;
    const peers = (this.steps.view?.peers ?? []).flatMap(({ name, nodeId }) => {
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
    const due = this.now + slotTimes.renewMs;
    this.cancel = this.options.clock.after(slotTimes.renewMs, () => {
      this.noticeStall(due);
      this.tick();
    });
    this.lookSoon();
  }

  /** What this process or Open vSwitch should have done by `due` is done now: very late, and BFD may have waited, too. */
  private noticeStall(due: number): void {
    if (this.now - due >= slotTimes.stallMs) this.dispatch({ type: 'stalled' });
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
    if (this.machine === undefined || this.steps.view === undefined) return undefined;
    const { peers } = this.steps.view;
    const leaseMs = this.machine.isFit ? slotTimes.leaseMs : noLeaseMs;
    const done = metrics.renewSeconds.startTimer();
    try {
      const observed = peers.map(({ name }) => name);
      const request = { ...this.steps.caller(), leaseMs, heard: this.shareUp, observed };
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
    const { peers = [] } = this.steps.view ?? {};
    const nameOf = (id: number) => peers.find(({ nodeId }) => nodeId === id)?.name;
    try {
      const entries = await this.steps.inTurn(async () => {
        const askedAt = this.now;
        const found = await this.options.gate.gateEntries();
        this.noticeStall(askedAt);
        return found;
      });
      return new Map(
        entries.map(({ slot, form, epoch, otherHolder, parting, incarnation }): [GlobalSlot, GateState] => [
          slot,
          { form, epoch, incarnation, other: nameOf(otherHolder), parting },
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
      this.steps.run(effect).catch((error: unknown) => {
        this.options.logger.warn({ effect: effect.type, error: describeError(error) }, 'a step failed');
      });
    }
    this.tell();
    this.follow(this.machine.retiring);
  }

  private follow(retiring: ReadonlySet<GlobalSlot>): void {
    const { leaving, metrics } = this.options;
    const addresses = (slot: GlobalSlot) => this.steps.duties.get(slot)?.addresses ?? [];
    leaving.update(new Map([...retiring].map((slot) => [slot, addresses(slot)])));
    metrics.leavingSlots.set(retiring.size);
    metrics.leavingConnections.set(leaving.connections);
    if (retiring.size === this.left) return;
    this.left = retiring.size;
    this.changed();
  }

  /**
   * What closes is told at once, what opens when the switch has it: an announcement ahead of the gate would call packets
   * that the gate still drops.
   */
  private tell(): void {
    const open = this.machine?.open ?? new Set<GlobalSlot>();
    this.carry(new Set([...this.carried].filter((slot) => open.has(slot))));
    if (open.size > this.carried.size) void this.steps.settled().then(() => this.tellOpened());
  }

  private tellOpened(): void {
    if (this.machine !== undefined) this.carry(this.machine.open);
  }

  private carry(open: ReadonlySet<GlobalSlot>): void {
    if (open.size === this.carried.size && [...open].every((slot) => this.carried.has(slot))) return;
    this.carried = open;
    this.options.metrics.open.set(open.size);
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
