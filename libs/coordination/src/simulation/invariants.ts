/** What must hold at every moment of a run; the first violation ends it. */
import { type GatewayName, type SlotId } from '../store.js';
import { boundOf, comesToRest, isLossless, overlapOf } from './bounds.js';
import { settledAt } from './plan.js';
import { type SimNode } from './sim-node.js';
import { type World } from './world.js';

export type ViolationKind =
  /** Two open gates of one slot reach the uplink. */
  | 'two-holders'
  /** An epoch that is not above every earlier one of the slot. */
  | 'epoch'
  /** Nobody carries a slot for longer than the bound, though a gateway that may is well. */
  | 'unserved'
  /** A gap, though nothing happened that may interrupt anything. */
  | 'lost'
  | 'move-gap'
  /** Everything is over, and still it is not so that each slot is open on exactly one gateway. */
  | 'unsettled';

export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
}

const sampleMs = 25;
/** Everything has to be as it was for so long before a run counts as settled. */
const quietMs = 1200;
/** After the last fault everything is as it should be again, at most so much later. */
const patienceMs = 15_000;
/** A planned move: the successor answers this long after the holder has stopped, at most. */
const moveGapMs = 450;

export class Invariants {
  violation: Violation | undefined;
  /** Nothing happens any more. */
  settled = false;
  longestGap = 0;
  longestMoveGap = 0;
  longestOverlap = 0;
  private readonly overlapSince = new Map<SlotId, number>();
  private readonly highest = new Map<SlotId, number>();
  private readonly unservedSince = new Map<SlotId, number>();
  private readonly unopenedSince = new Map<SlotId, number>();
  private quietSince = 0;
  private storeUpSince = 0;

  /** `watched`: a run ends at violations of these only; undefined: of all. */
  constructor(
    private readonly world: World,
    private readonly watched: ReadonlySet<ViolationKind> | undefined,
  ) {}

  epochGiven(slot: SlotId, epoch: number, holder: GatewayName): void {
    const before = this.highest.get(slot) ?? 0;
    if (epoch <= before) {
      this.violate('epoch', `slot ${slot} was given to ${holder} with epoch ${epoch}, after ${before}`);
    }
    this.highest.set(slot, epoch);
  }

  check(): void {
    for (const slot of this.world.slots) this.overlap(slot);
  }

  /** The run is over without having settled. */
  end(): void {
    const { world } = this;
    const { now } = world.agenda;
    const well = (slot: SlotId): number => Math.min(now - this.storeUpSince, this.healthyFor(slot, now));
    if (now - world.faults.endsAt < patienceMs || !comesToRest(world.plan)) return;
    const open = world.slots.filter((slot) => well(slot) > patienceMs);
    if (open.length > 0) this.violate('unsettled', `slots ${open.join(', ')} do not come to rest`);
  }

  private overlap(slot: SlotId): void {
    const { world, overlapSince } = this;
    let first: SimNode | undefined;
    let second: SimNode | undefined;
    for (const node of world.nodes) {
      if (!node.reachesUplink || node.gate.get(slot)?.form !== 'open') continue;
      if (first === undefined) first = node;
      else second = node;
    }
    if (first === undefined || second === undefined) {
      overlapSince.delete(slot);
      return;
    }
    const { now } = world.agenda;
    const since = overlapSince.get(slot) ?? now;
    overlapSince.set(slot, since);
    this.longestOverlap = Math.max(this.longestOverlap, now - since);
    const allowed = overlapOf(world.plan.faults);
    if (allowed > 0 && now - since <= allowed) return;
    this.violate('two-holders', `slot ${slot} is open on ${first.name} and on ${second.name}`);
  }

  watch(): void {
    this.world.agenda.after(sampleMs, () => {
      this.sample();
      this.watch();
    });
  }

  private sample(): void {
    const { world } = this;
    const { now } = world.agenda;
    if (this.overlapSince.size > 0) this.check();
    this.health(now);
    let quiet = true;
    for (const slot of world.slots) quiet = this.serve(slot, now) && quiet;
    if (!quiet || now < world.faults.endsAt || now < settledAt) this.quietSince = now;
    this.settled = now - this.quietSince >= quietMs;
  }

  private health(now: number): void {
    const { world } = this;
    if (!world.storeUp) this.storeUpSince = now;
    const deaf = !world.deaf.isEmpty;
    for (const node of world.nodes) {
      const links = node.has('uplink') && node.has('underlay') && node.has('store') && node.has('map');
      const works =
        node.process !== undefined && !node.isPaused && node.switchAlive && node.storeSlowMs === 0;
      if (!links || !works || deaf) node.healthySince = undefined;
      else node.healthySince ??= now;
    }
  }

  /** True if exactly what should be is. */
  private serve(slot: SlotId, now: number): boolean {
    const { world } = this;
    const carrying = world.nodes.filter((node) => node.reachesUplink && node.has('underlay'));
    const open = carrying.some((node) => node.gate.get(slot)?.form === 'open');
    const retiring = carrying.some((node) => node.gate.get(slot)?.form === 'retiring');
    if (open) this.unopenedSince.delete(slot);
    else if (!this.unopenedSince.has(slot)) this.unopenedSince.set(slot, now);
    if (open || retiring) this.unservedSince.delete(slot);
    else if (!this.unservedSince.has(slot)) this.unservedSince.set(slot, now);
    if (now > settledAt) this.gaps(slot, now);
    return open && !carrying.some((node) => this.lingers(node, slot));
  }

  /** Who was left and has not heard of it stays: agents may not have heard of it either. */
  private lingers(node: SimNode, slot: SlotId): boolean {
    const gate = node.gate.get(slot);
    if (gate?.form !== 'retiring') return false;
    return node.has('map') && (this.world.map.get(slot)?.epoch ?? 0) > gate.epoch;
  }

  private gaps(slot: SlotId, now: number): void {
    const { world } = this;
    const unserved = now - (this.unservedSince.get(slot) ?? now);
    const unopened = now - (this.unopenedSince.get(slot) ?? now);
    this.longestGap = Math.max(this.longestGap, unserved);
    this.longestMoveGap = Math.max(this.longestMoveGap, unopened);
    const { faults } = world.plan;
    const bound = boundOf(faults, world.rules.times);
    const well = Math.min(unopened, now - this.storeUpSince, this.healthyFor(slot, now));
    if (well > bound) this.violate('unserved', `slot ${slot} is unserved for ${Math.round(unopened)} ms`);
    if (unserved > 0 && isLossless(world.plan, world.rules.times)) {
      this.violate('lost', `slot ${slot} is not served, though nothing happened that may interrupt it`);
    }
    if (faults.length === 0 && unopened > moveGapMs) {
      this.violate(
        'move-gap',
        `nobody answers for slot ${slot} for ${Math.round(unopened)} ms of a planned move`,
      );
    }
  }

  /** Of the gateway that has been well for longest. */
  private healthyFor(slot: SlotId, now: number): number {
    const { world } = this;
    const order = world.plan.orders[slot] ?? [];
    return Math.max(
      0,
      ...world.nodes
        .filter(({ name }) => order.includes(name))
        .map(({ healthySince }) => (healthySince === undefined ? 0 : now - healthySince)),
    );
  }

  private violate(kind: Violation['kind'], text: string): void {
    if (this.watched?.has(kind) === false) return;
    this.violation ??= { kind, text };
  }
}
