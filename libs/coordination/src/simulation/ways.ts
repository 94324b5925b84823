/**
 * The ways of one gateway in the simulation: to the store, its own gate, the cluster's map, and the wire. Each message takes
 * its time, and may arrive late or never.
 */
import { type GateTable } from '../protocol/gate-form.js';
import { type SlotId } from '../store.js';
import { type GateOperation } from './gate-model.js';
import { type SimNode } from './sim-node.js';

/** The adapter of the store gives up then. */
const deadlineMs = 300;

/** Runs something later, if the process that asked for it is still there. */
export type Soon = (ms: number, run: () => void, isFrame?: boolean) => void;

export interface Round {
  readonly answered: ReadonlySet<SlotId>;
  /** A router answered the control question. */
  readonly control: boolean;
}

export class Ways {
  private readonly turns: (() => void)[] = [];
  private turning = false;

  constructor(
    private readonly node: SimNode,
    private readonly soon: Soon,
    private readonly reconnected: () => void,
  ) {}

  /** One message to the store and its answer; undefined: none came in time. Whether it was done is then unknown. */
  ask<T>(operation: () => T, done: (answer: T | undefined) => void): void {
    const { node } = this;
    const { world } = node;
    const { agenda } = world;
    if (node.disconnected && !this.reconnect()) {
      this.soon(world.random.between(1, 20), () => done(undefined));
      return;
    }
    const there = world.storeDelay(node);
    const back = world.storeDelay(node);
    let answer: { readonly value: T } | undefined;
    agenda.after(there, () => {
      if (node.reachesStore) answer = { value: operation() };
    });
    if (there + back > deadlineMs) {
      this.soon(deadlineMs, () => done(undefined));
      return;
    }
    agenda.after(there + back, () => {
      const arrived = answer !== undefined && node.reachesStore;
      this.soon(
        arrived ? 0 : deadlineMs - there - back,
        () => done(arrived ? answer?.value : undefined),
        arrived,
      );
    });
  }

  private reconnect(): boolean {
    const { node } = this;
    if (!node.reachesStore) return false;
    node.disconnected = false;
    this.reconnected();
    return true;
  }

  readGate(done: (gate: GateTable | undefined) => void): void {
    const { node } = this;
    if (!node.switchSeen) {
      this.soon(0, () => done(undefined));
      return;
    }
    this.inTurn(() => (node.switchAlive ? node.gate.read() : undefined), done);
  }

  change(operation: GateOperation, done: (ok: boolean) => void): void {
    const { node } = this;
    const apply = (): true | undefined => {
      if (!node.switchAlive) return undefined;
      node.gate.apply(operation);
      node.world.gateChanged();
      return true;
    };
    this.inTurn(apply, (ok) => done(ok === true));
  }

  /** Reads and changes of the gate, one after the other. */
  private inTurn<T>(operation: () => T | undefined, done: (result: T | undefined) => void): void {
    this.turns.push(() => {
      const { agenda } = this.node.world;
      const there = this.node.world.switchDelay();
      let result: T | undefined;
      agenda.after(there, () => {
        result = operation();
      });
      this.soon(there + 0.3, () => {
        done(result);
        this.nextTurn();
      });
    });
    if (!this.turning) this.nextTurn();
  }

  private nextTurn(): void {
    const turn = this.turns.shift();
    this.turning = turn !== undefined;
    turn?.();
  }

  /** A request to the API server and its answer. */
  overMap(operation: () => void, done: () => void): void {
    const { node } = this;
    const { agenda, random } = node.world;
    const there = random.between(1, 30);
    agenda.after(there, () => {
      if (node.reachesMap) operation();
    });
    this.soon(there + random.between(1, 30), done);
  }

  /** Two questions 50 ms apart, and 50 ms for the last answers; what waits when a process goes on is read before the end. */
  round(slots: readonly SlotId[], done: (round: Round) => void): void {
    const { node } = this;
    const answered = new Set<SlotId>();
    let control = false;
    const ask = (): void => {
      control = false;
      const heard = node.world.answersTo(node, slots);
      if (heard === undefined) return;
      this.soon(
        1,
        () => {
          control = true;
          for (const slot of heard) answered.add(slot);
        },
        true,
      );
    };
    ask();
    this.soon(50, () => {
      ask();
      this.soon(50, () => this.soon(0, () => done({ answered: new Set(answered), control })));
    });
  }
}
