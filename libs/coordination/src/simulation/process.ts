/**
 * One process of a gateway: the real state machine, and the way from its effects to the models and back. It keeps the
 * order of the gateway's keeper (libs/node): one look at a time, changes of the gate one after the other, each answer is
 * an event. Every step can be held up by a pause of the process.
 */
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';
import { type GateState, type GateTable } from '../protocol/gate-form.js';
import { SlotMachine } from '../protocol/machine.js';
import {
  type AssertAnswer,
  type ClaimAnswer,
  type HandOverAnswer,
  type RenewAnswer,
  type SlotId,
} from '../store.js';
import { type SimNode } from './sim-node.js';
import { Ways } from './ways.js';

type Effect<T extends SlotEffect['type']> = Extract<SlotEffect, { readonly type: T }>;

/** Of a gateway that cannot carry anything. */
const noLeaseMs = 1;
/** Of the broken variants that tell the store first. */
const lateMs = 400;
const announcedAfterMs = [0, 500, 2000, 5000];

export class GatewayProcess {
  private readonly machine: SlotMachine;
  private looking = false;
  private lookAgain = false;
  private readonly startedAt: number;
  private heardAt = Number.NEGATIVE_INFINITY;
  private readonly ways: Ways;

  constructor(
    readonly node: SimNode,
    readonly incarnation: number,
  ) {
    const { rules, settings } = node.world;
    this.startedAt = node.localNow;
    this.ways = new Ways(
      node,
      (ms, run, isFrame) => this.soon(ms, run, isFrame),
      () => this.dispatch({ type: 'store-connected' }),
    );
    this.machine = new SlotMachine({ self: node.name, incarnation, times: rules.times, ...settings });
  }

  start(): void {
    this.assign();
    this.livenessChanged();
    this.tick();
  }

  get open(): ReadonlySet<SlotId> {
    return this.machine.open;
  }

  assign(): void {
    this.dispatch(this.node.world.duties(this.node));
  }

  livenessChanged(): void {
    this.dispatch(this.node.world.liveness(this.node));
    this.lookSoon();
  }

  switchChanged(): void {
    this.health();
    this.lookSoon();
  }

  heardRouter(at: number): void {
    this.heardAt = at;
  }

  dispatch(event: SlotEvent): void {
    const { world, localNow } = this.node;
    const heard = world.rules.event === undefined ? event : world.rules.event(event);
    world.trace?.event(this.node, heard);
    for (const effect of this.machine.handle(heard, localNow)) {
      const wanted = world.rules.effect === undefined ? [effect] : world.rules.effect(effect);
      for (const one of wanted) this.soon(0, () => this.step(one));
    }
  }

  /** The moment between a decision and its message: the one that faults aim at. */
  private step(effect: SlotEffect): void {
    const { node } = this;
    node.world.faults.atStep(node, effect.type);
    node.inProcess(this, () => {
      node.world.trace?.effect(node, effect);
      this.run(effect);
    });
  }

  private soon(ms: number, run: () => void, isFrame = false): void {
    const { node } = this;
    node.world.agenda.after(ms, () => node.inProcess(this, run, isFrame));
  }

  private tick(): void {
    const { node } = this;
    const { random, rules } = node.world;
    const late = random.chance(0.05) ? random.between(0, 20) : 0;
    const due = node.localNow + rules.times.renewMs;
    this.soon(node.trueMs(rules.times.renewMs) + late, () => {
      this.noticeStall(due);
      this.tick();
    });
    this.countConnections();
    this.lookSoon();
  }

  private noticeStall(due: number): void {
    const { node } = this;
    if (node.localNow - due >= node.world.rules.times.stallMs) this.dispatch({ type: 'stalled' });
  }

  /** Now and then the connections of a slot that is being left have ended. */
  private countConnections(): void {
    const { random } = this.node.world;
    const { retiring } = this.machine;
    if (retiring.size > 0 && random.chance(0.1)) this.dispatch({ type: 'unused', slots: retiring });
  }

  private lookSoon(): void {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    this.look();
  }

  private look(): void {
    this.lookAgain = false;
    this.health();
    const { node } = this;
    const sentAt = node.localNow;
    let answer: RenewAnswer | undefined;
    let gate: GateTable | undefined;
    let open = 2;
    const done = (): void => {
      if (--open > 0) return;
      this.dispatch({ type: 'look', sentAt, answer, gate });
      if (this.lookAgain) this.soon(0, () => this.look());
      else this.looking = false;
    };
    this.renew((got) => {
      answer = got;
      done();
    });
    this.ways.readGate((got) => {
      gate = got;
      done();
    });
  }

  private health(): void {
    const { node, startedAt } = this;
    const { rules } = node.world;
    const heard = Math.max(node.lastControl ?? Number.NEGATIVE_INFINITY, this.heardAt, startedAt);
    const uplinkUp = node.localNow - heard < rules.times.uplinkMs;
    this.dispatch({ type: 'health', switchUp: node.switchSeen, uplinkUp });
  }

  private renew(done: (answer: RenewAnswer | undefined) => void): void {
    const { world } = this.node;
    const observed = world.names.filter((name) => name !== this.node.name);
    const leaseMs = this.machine.isFit ? world.rules.times.leaseMs : noLeaseMs;
    const heard = world.shareUp(this.node);
    this.ways.ask(() => world.store.renew({ ...this.caller, leaseMs, heard, observed }), done);
  }

  private get caller() {
    return { gateway: this.node.name, incarnation: String(this.incarnation) };
  }

  private run(effect: SlotEffect): void {
    switch (effect.type) {
      case 'arm':
        this.arm(effect);
        return;
      case 'modify':
        this.ways.change({ modify: this.states(effect.entries) }, () => undefined);
        return;
      case 'close':
        this.close(effect);
        return;
      case 'claim':
        this.claim(effect);
        return;
      case 'claim-in-map':
        this.claimInMap(effect);
        return;
      case 'assert':
        this.assert(effect);
        return;
      case 'probe':
        this.ways.round(effect.slots, ({ answered, control }) => {
          this.dispatch({ type: 'probed', attempt: effect.attempt, answered, control });
        });
        return;
      case 'listen':
        this.ways.round(effect.slots, ({ answered, control }) => {
          this.dispatch({ type: 'listened', asked: new Set(effect.slots), answered, control });
        });
        return;
      case 'announce':
      case 'announce-again':
        this.announce(effect.slots);
        return;
      case 'retire':
        this.retire(effect);
        return;
      case 'hand-over':
        this.handOver(effect);
        return;
      case 'record':
        this.record(effect);
        return;
      case 'withdraw':
        this.withdraw(effect);
        return;
      case 'uplink-down':
      case 'alarm':
      case 'moved':
        return;
    }
  }

  private retire({ entry }: Effect<'retire'>): void {
    const { slot } = entry;
    if (this.node.world.rules.handOverFirst) {
      this.dispatch({ type: 'retired', slot, ok: true });
      this.soon(lateMs, () => this.ways.change({ modify: this.states([entry]) }, () => undefined));
      return;
    }
    this.ways.change({ modify: this.states([entry]) }, (ok) => this.dispatch({ type: 'retired', slot, ok }));
  }

  private states(entries: Effect<'modify'>['entries']): ReadonlyMap<SlotId, GateState> {
    const { incarnation } = this;
    return new Map(
      entries.map(({ slot, form, epoch, other, parting }) => [
        slot,
        { form, epoch, other, parting, incarnation },
      ]),
    );
  }

  private arm(effect: Effect<'arm'>): void {
    const { attempt } = effect;
    const { rules } = this.node.world;
    if (rules.neverArm) {
      this.dispatch({ type: 'armed', attempt, ok: true });
      return;
    }
    this.ways.change({ arm: this.armed(effect.slots) }, (ok) =>
      this.dispatch({ type: 'armed', attempt, ok }),
    );
  }

  private armed(slots: readonly SlotId[]): ReadonlyMap<SlotId, GateState> {
    const { incarnation } = this;
    return new Map(
      slots.map((slot) => [slot, { form: 'armed', epoch: 0, other: undefined, parting: false, incarnation }]),
    );
  }

  private close({ slots, release }: Effect<'close'>): void {
    const { node } = this;
    const seen = node.switchSeen;
    const give = (): void => {
      for (const [slot, epoch] of release) {
        this.ways.ask(
          () => node.world.store.release({ ...this.caller, slot, epoch }),
          () => undefined,
        );
      }
    };
    if (node.world.rules.releaseFirst) {
      give();
      this.soon(lateMs, () => this.ways.change({ close: slots }, () => undefined));
      return;
    }
    this.ways.change({ close: slots }, (ok) => {
      if (ok && seen) give();
    });
    if (!seen) give();
  }

  private claim({ attempt, slots, mark }: Effect<'claim'>): void {
    const { world } = this.node;
    const { leaseMs } = world.rules.times;
    const answers = new Map<SlotId, ClaimAnswer>();
    let open = slots.length;
    for (const claim of slots) {
      const request = { ...this.caller, leaseMs, mark, ...claim };
      this.ways.ask(
        () => world.store.claim(request),
        (answer) => {
          if (answer !== undefined) answers.set(claim.slot, answer);
          if (--open === 0) this.dispatch({ type: 'claimed', attempt, answers });
        },
      );
    }
  }

  private claimInMap({ attempt, slots }: Effect<'claim-in-map'>): void {
    const { node } = this;
    const answers = new Map<SlotId, ClaimAnswer>();
    this.ways.overMap(
      () => {
        for (const { slot, epochRead, floor } of slots) {
          const epoch = Math.max(floor, node.world.wallMs);
          if (node.world.claimInMap(slot, epochRead, { holder: node.name, epoch })) {
            answers.set(slot, { kind: 'claimed', epoch });
          }
        }
      },
      () => this.dispatch({ type: 'claimed', attempt, answers }),
    );
  }

  private assert({ slot, mine }: Effect<'assert'>): void {
    this.ways.ask<AssertAnswer>(
      () => this.node.world.store.assert({ ...this.caller, slot, mine }),
      (answer) => this.dispatch({ type: 'asserted', slot, answer }),
    );
  }

  private handOver({ slot, epoch, successor }: Effect<'hand-over'>): void {
    this.ways.ask<HandOverAnswer>(
      () => this.node.world.store.handOver({ ...this.caller, slot, epoch, successor }),
      (answer) => this.dispatch({ type: 'handed-over', slot, answer }),
    );
  }

  private record({ slots }: Effect<'record'>): void {
    const { node } = this;
    this.ways.overMap(
      () => {
        for (const [slot, held] of slots) node.world.record(slot, { holder: node.name, ...held });
      },
      () => undefined,
    );
  }

  private withdraw({ slots }: Effect<'withdraw'>): void {
    const { node } = this;
    this.ways.overMap(
      () => {
        for (const slot of slots) node.world.withdraw(slot, node.name);
      },
      () => undefined,
    );
  }

  private announce(slots: readonly SlotId[]): void {
    for (const ms of announcedAfterMs) {
      this.soon(ms + 1, () => {
        const { open } = this.machine;
        this.node.world.announce(
          this.node,
          slots.filter((slot) => open.has(slot)),
        );
      });
    }
  }
}
