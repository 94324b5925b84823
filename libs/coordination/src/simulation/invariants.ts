/** What must hold at every moment of a run; the first violation ends it. */
import { type GatewayName, type SlotId } from '../store.js';
import { boundOf, isLossless } from './bounds.js';
import { settledAt } from './schedule.js';
import { type SimNode } from './sim-node.js';
import { type World } from './world.js';

export interface Violation {
  readonly kind: 'two-holders' | 'epoch' | 'unserved' | 'lost' | 'move-gap';
  readonly text: string;
}

const sampleMs = 25;
/** Everything has to be as it was for so long before a run counts as settled. */
const quietMs = 1200;
/** A planned move: the successor answers this long after the holder has stopped, at most. */
const moveGapMs = 450;

export class Invariants {
  violation: Violation | undefined;
  /** Nothing happens any more. */
  settled = false;
  longestGap = 0;
  longestMoveGap = 0;
  private readonly highest = new Map<SlotId, number>();
  private readonly unservedSince = new Map<SlotId, number>();
  private readonly unopenedSince = new Map<SlotId, number>();
  private quietSince = 0;
  private disturbedAt = 0;
  private storeUpSince = 0;

  constructor(private readonly world: World) {}

  /** Something outside changed. */
  disturbed(): void {
    this.disturbedAt = this.world.agenda.now;
  }

  epochGiven(slot: SlotId, epoch: number, holder: GatewayName): void {
    const before = this.highest.get(slot) ?? 0;
    if (epoch <= before) {
      this.violate('epoch', `slot ${slot} was given to ${holder} with epoch ${epoch}, after ${before}`);
    }
    this.highest.set(slot, epoch);
  }

  /** Never two open gates of one slot that reach the uplink. */
  check(): void {
    const { nodes, slots } = this.world;
    for (const slot of slots) {
      let first: SimNode | undefined;
      for (const node of nodes) {
        if (!node.reachesUplink || node.gate.get(slot)?.form !== 'open') continue;
        if (first === undefined) first = node;
        else this.violate('two-holders', `slot ${slot} is open on ${first.name} and on ${node.name}`);
      }
    }
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
    this.health(now);
    let quiet = true;
    for (const slot of world.slots) quiet = this.serve(slot, now) && quiet;
    if (!quiet || now < world.faults.endsAt || now < settledAt) this.quietSince = now;
    this.settled = now - this.quietSince >= quietMs;
  }

  private health(now: number): void {
    const { world } = this;
    if (!world.storeUp) this.storeUpSince = now;
    const deaf = world.deaf.size > 0;
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
    return open && !retiring;
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
    this.violation ??= { kind, text };
  }
}
