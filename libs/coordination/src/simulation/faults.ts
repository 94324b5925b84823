/** Makes the faults and the drains of a plan happen, and undoes them when their time is over. */
import { type SlotEffect } from '../protocol/effects.js';
import { type Fault, type NodeFault, type Plan } from './plan.js';
import { type SimNode } from './sim-node.js';
import { type World } from './world.js';

type OfNode = Extract<Fault, { readonly node: number }>;

const cuts: Partial<Record<NodeFault, 'uplink' | 'underlay' | 'store' | 'map'>> = {
  uplink: 'uplink',
  underlay: 'underlay',
  'store-cut': 'store',
  'map-cut': 'map',
};
/** A cut that is longer ends the connection. */
const connectionMs = 1000;

export class Faults {
  private waiting: OfNode[] = [];
  private lastEnd = 0;
  private down = 0;

  constructor(
    private readonly world: World,
    private readonly faults: Plan['faults'],
  ) {}

  /** True time when all that ends has ended. */
  get endsAt(): number {
    return this.lastEnd;
  }

  start(): void {
    const { agenda, plan, store } = this.world;
    agenda.after(plan.snapshotAt, () => store.save());
    for (const fault of this.faults) {
      this.over(fault.at);
      agenda.after(fault.at, () => {
        if ('onStep' in fault && fault.onStep !== undefined) this.waiting.push(fault);
        else this.begin(fault);
      });
    }
    for (const { node, at, forMs } of plan.drains) {
      const name = plan.gateways[node];
      if (name === undefined) continue;
      this.over(at + forMs);
      agenda.after(at, () => {
        this.drain(name, true);
        agenda.after(forMs, () => this.drain(name, false));
      });
    }
  }

  /** A step of a process is about to be made. */
  atStep(node: SimNode, step: SlotEffect['type']): void {
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter((fault) => fault.node === node.index - 1 && fault.onStep === step);
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((fault) => !due.includes(fault));
    for (const fault of due) this.begin(fault);
  }

  private over(at: number): void {
    this.lastEnd = Math.max(this.lastEnd, at);
  }

  private drain(name: string, on: boolean): void {
    const { draining } = this.world;
    if (on) draining.add(name);
    else draining.delete(name);
    this.world.trace?.fault(`${name} ${on ? 'is to be drained' : 'may carry slots again'}`);
    this.world.mapChanged();
  }

  private begin(fault: Fault): void {
    const { trace, agenda } = this.world;
    trace?.fault(
      `${describe(fault, this.world)} begins${Number.isFinite(fault.forMs) ? `, for ${Math.round(fault.forMs)} ms` : ''}`,
    );
    const undo = this.apply(fault);
    if (!Number.isFinite(fault.forMs)) {
      this.over(agenda.now);
      return;
    }
    this.over(agenda.now + fault.forMs);
    agenda.after(fault.forMs, () => {
      trace?.fault(`${describe(fault, this.world)} is over`);
      undo();
    });
  }

  private apply(fault: Fault): () => void {
    switch (fault.kind) {
      case 'deaf':
      case 'mute':
        return this.loseBetween(fault);
      case 'store-down':
        return this.storeDown(fault.back);
      case 'wipe':
        this.world.store.wipe();
        return () => undefined;
      case 'pause':
      case 'kill':
      case 'node':
      case 'switch':
      case 'uplink':
      case 'underlay':
      case 'store-cut':
      case 'map-cut':
      case 'slow-store': {
        const node = this.world.nodes[fault.node];
        return node === undefined ? () => undefined : this.applyTo(node, fault.kind);
      }
    }
  }

  private applyTo(node: SimNode, kind: NodeFault): () => void {
    switch (kind) {
      case 'pause':
        node.pause(1);
        return () => node.pause(-1);
      case 'kill':
        node.kill();
        return () => node.boot();
      case 'node':
        node.kill();
        node.switchDies();
        return () => {
          node.switchReturns();
          node.switchSeen = true;
          node.boot();
        };
      case 'switch':
        node.switchDies();
        return () => node.switchReturns();
      case 'slow-store':
        node.storeSlowMs = 250;
        return () => {
          node.storeSlowMs = 0;
        };
      case 'uplink':
      case 'underlay':
      case 'store-cut':
      case 'map-cut':
        return this.cut(node, kind);
    }
  }

  private cut(node: SimNode, kind: NodeFault): () => void {
    const { agenda } = this.world;
    const link = cuts[kind];
    if (link === undefined) return () => undefined;
    const began = agenda.now;
    node.cut(link, 1);
    return () => {
      node.cut(link, -1);
      if (agenda.now - began > connectionMs && (link === 'store' || link === 'underlay'))
        node.disconnected = true;
      if (link !== 'uplink') this.world.mapChanged();
    };
  }

  private loseBetween({ kind, pair }: Extract<Fault, { readonly pair: unknown }>): () => void {
    const { world } = this;
    const names = pair === undefined ? undefined : ([this.nameOf(pair[0]), this.nameOf(pair[1])] as const);
    const lose = (by: 1 | -1): void => {
      world[kind].add(names, by);
      world.linksChanged();
    };
    lose(1);
    return () => lose(-1);
  }

  private nameOf(index: number): string {
    return this.world.names[index] ?? '';
  }

  private storeDown(back: 'kept' | 'snapshot' | 'wiped'): () => void {
    const { world } = this;
    this.down++;
    world.storeUp = false;
    return () => {
      if (back === 'wiped') world.store.wipe();
      if (back === 'snapshot') world.store.restore();
      for (const node of world.nodes) node.disconnected = true;
      world.storeUp = --this.down === 0;
    };
  }
}

export function describe(fault: Fault, { names }: World): string {
  switch (fault.kind) {
    case 'deaf':
    case 'mute': {
      const what = fault.kind === 'deaf' ? 'loss of BFD' : 'loss of unicast probes';
      return `${what} ${fault.pair === undefined ? 'everywhere' : `between ${fault.pair.map((at) => names[at]).join(' and ')}`}`;
    }
    case 'store-down':
      return `store down (comes back ${fault.back})`;
    case 'wipe':
      return 'wipe of the store';
    case 'pause':
    case 'kill':
    case 'node':
    case 'switch':
    case 'uplink':
    case 'underlay':
    case 'store-cut':
    case 'map-cut':
    case 'slow-store': {
      const step = fault.onStep === undefined ? '' : ` before "${fault.onStep}"`;
      return `${fault.kind} of ${names[fault.node] ?? '?'}${step}`;
    }
  }
}
