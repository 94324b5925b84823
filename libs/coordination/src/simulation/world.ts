/** Everything outside the processes: gateways, links, store, map, BFD; it is moved by its agenda and watched by invariants. */
import { type Recorded, type SlotEvent } from '../protocol/events.js';
import { type GateForm } from '../protocol/gate-form.js';
import { type GatewayName, type SlotId } from '../store.js';
import { Agenda } from './agenda.js';
import { Faults } from './faults.js';
import { Invariants, type ViolationKind } from './invariants.js';
import { MapModel } from './map-model.js';
import { GatewayProcess } from './process.js';
import { type Random } from './random.js';
import { type Rules } from './rules.js';
import { Pairs } from './pairs.js';
import { type Plan } from './plan.js';
import { SimNode } from './sim-node.js';
import { StoreModel } from './store-model.js';
import { type Trace } from './trace.js';

const workers = 4;
const epochBase = 1_000_000;

export interface WorldOptions {
  readonly rules: Rules;
  readonly trace: Trace | undefined;
  readonly watched: ReadonlySet<ViolationKind> | undefined;
}

export class World {
  readonly rules: Rules;
  readonly trace: Trace | undefined;
  readonly agenda = new Agenda();
  readonly nodes: readonly SimNode[];
  readonly names: readonly GatewayName[];
  readonly slots: readonly SlotId[];
  readonly store: StoreModel;
  readonly map = new MapModel();
  readonly faults: Faults;
  readonly invariants: Invariants;
  readonly settings: {
    readonly holdDownMs: number;
    readonly maxConcurrentMoves: number;
    readonly drainMs: number;
  };
  storeUp = true;
  readonly draining = new Set<GatewayName>();
  /** Between whom BFD is lost though the underlay is not. */
  readonly deaf = new Pairs();
  /** Between whom unicast frames of the uplink are lost though it carries all others. */
  readonly mute = new Pairs();
  private readonly connected = new Map<string, { readonly is: boolean; readonly since: number }>();
  private readonly storeRate: number;

  constructor(
    readonly plan: Plan,
    readonly random: Random,
    { rules, trace, watched }: WorldOptions,
  ) {
    this.rules = rules;
    this.trace = trace;
    this.settings = plan.settings;
    this.slots = plan.orders.map((_, slot) => slot);
    this.storeRate = random.between(0.995, 1.005);
    this.nodes = plan.gateways.map((name, index) => {
      const clock = { rate: random.between(0.995, 1.005), offset: random.between(1, 1e6) };
      return new SimNode(this, name, index + 1, clock);
    });
    this.names = plan.gateways;
    this.invariants = new Invariants(this, watched);
    this.store = new StoreModel({
      clock: () => this.agenda.now * this.storeRate,
      onEpoch: (slot, epoch, holder) => this.invariants.epochGiven(slot, epoch, holder),
      epochsFromZero: rules.epochsFromZero,
    });
    this.faults = new Faults(this, plan.faults);
    trace?.starts(this);
  }

  start(): void {
    this.linksChanged();
    for (const node of this.nodes) this.agenda.after(this.random.between(0, 50), () => node.boot());
    this.faults.start();
    this.invariants.watch();
  }

  newProcess(node: SimNode, incarnation: number): GatewayProcess {
    return new GatewayProcess(node, incarnation);
  }

  get wallMs(): number {
    return Math.floor(epochBase + this.agenda.now * this.storeRate);
  }

  duties(node: SimNode): SlotEvent {
    return {
      type: 'duties',
      duties: this.slots.map((slot) => ({
        slot,
        order: this.plan.orders[slot] ?? [],
        recorded: this.map.get(slot),
      })),
      peers: this.names.filter((name) => name !== node.name),
      draining: new Set(this.draining),
    };
  }

  /** The share counts the workers and the other gateways. */
  liveness(node: SimNode): SlotEvent {
    return { type: 'bfd', peers: new Map(node.bfd), shareUp: this.shareUp(node) };
  }

  shareUp(node: SimNode): number {
    const up = [...node.bfd.values()].filter(Boolean).length;
    const all = workers + this.nodes.length - 1;
    return (up + (node.workersHeard ? workers : 0)) / all;
  }

  storeDelay({ storeSlowMs }: SimNode): number {
    const { random } = this;
    const usual = random.chance(0.03) ? random.between(2, 9) : random.between(0.1, 1);
    return storeSlowMs === 0 ? usual : usual + random.between(0, storeSlowMs);
  }

  switchDelay(): number {
    const { random } = this;
    return random.chance(0.03) ? random.between(1, 40) : random.between(0.2, 1.5);
  }

  /** Slots for which another gateway answers; undefined: the question does not even reach a router. */
  answersTo(asker: SimNode, slots: readonly SlotId[]): readonly SlotId[] | undefined {
    if (!asker.reachesUplink) return undefined;
    return slots.filter((slot) =>
      this.nodes.some((node) => {
        if (node === asker || !node.reachesUplink || this.mute.has(asker.name, node.name)) return false;
        return this.answers(node.gate.get(slot)?.form);
      }),
    );
  }

  private answers(form: GateForm | undefined): boolean {
    const { armedIsSilent, retiringAnswers } = this.rules;
    switch (form) {
      case 'open':
        return true;
      case 'armed':
        return !armedIsSilent;
      case 'retiring':
        return retiringAnswers;
      case undefined:
        return false;
    }
  }

  announce(from: SimNode, slots: readonly SlotId[]): void {
    if (!from.reachesUplink) return;
    const carried = slots.filter((slot) => from.gate.get(slot)?.form === 'open');
    if (carried.length === 0) return;
    for (const node of this.nodes) {
      if (node === from || !node.reachesUplink) continue;
      for (const slot of carried) node.tell({ type: 'announced', slot, by: from.name });
    }
  }

  record(slot: SlotId, entry: Recorded): void {
    if (this.map.record(slot, entry)) this.mapChanged();
  }

  withdraw(slot: SlotId, gateway: GatewayName): void {
    if (this.map.withdraw(slot, gateway)) this.mapChanged();
  }

  claimInMap(slot: SlotId, epochRead: number, entry: Recorded): boolean {
    if (!this.map.claim(slot, epochRead, entry)) return false;
    this.invariants.epochGiven(slot, entry.epoch, entry.holder);
    this.mapChanged();
    return true;
  }

  /** Watches tell it to those that are connected. */
  mapChanged(): void {
    for (const node of this.nodes) {
      this.agenda.after(this.random.between(5, 100), () => {
        const { process } = node;
        if (process !== undefined && node.reachesMap) node.inProcess(process, () => process.assign());
      });
    }
  }

  gateChanged(): void {
    this.invariants.check();
  }

  /** Something was cut or came back: BFD notices after its detection time, whatever the processes do. */
  linksChanged(): void {
    const { bfdMs } = this.rules.times;
    for (const node of this.nodes) {
      for (const peer of [...this.nodes, undefined]) {
        if (peer === node) continue;
        const key = `${node.name} ${peer?.name ?? '*'}`;
        const is = this.hears(node, peer);
        const before = this.connected.get(key);
        if (before?.is === is) continue;
        const now = this.agenda.now;
        const since = { is, since: now };
        this.connected.set(key, since);
        if (before === undefined) {
          this.setBfd(node, peer, is);
          continue;
        }
        const notice = this.random.between(0.6 * bfdMs, bfdMs);
        this.agenda.after(notice, () => {
          if (this.connected.get(key) !== since) return;
          this.setBfd(node, peer, is);
          const { process } = node;
          if (process !== undefined) node.inProcess(process, () => process.livenessChanged());
        });
      }
    }
    this.invariants.check();
  }

  private setBfd(node: SimNode, peer: SimNode | undefined, up: boolean): void {
    if (peer === undefined) node.workersHeard = up;
    else node.bfd.set(peer.name, up);
  }

  private hears(node: SimNode, peer: SimNode | undefined): boolean {
    const alive = (one: SimNode): boolean => one.switchAlive && one.has('underlay');
    if (peer === undefined) return alive(node) && !this.deaf.isEverywhere;
    return alive(node) && alive(peer) && !this.deaf.has(node.name, peer.name);
  }
}
