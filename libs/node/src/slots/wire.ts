/**
 * The uplink as the slot protocol asks it: whether another gateway answers for an address, and whether the uplink itself
 * still carries a question and its answer. Questions go to the MAC of each other gateway: what answers for the dead, such
 * as proxy ARP or EVPN suppression, never sees them.
 */
import { setImmediate } from 'node:timers/promises';
import { type Clock, Timers } from '@sluice/core';
import { probeAddress } from '@sluice/datapath';
import { type Answer, answerIn, type Asker, type Question, question } from '../frames/probe.js';

export interface WireOptions {
  readonly clock: Clock;
  /** Out of the uplink; frames that cannot be sent are lost. */
  readonly send: (frames: readonly Uint8Array[]) => void;
  /** Another gateway tells everybody that it has an address. */
  readonly onAnnounced?: (announced: Answer) => void;
}

/** Who asks and whom. */
export interface WireView {
  readonly asker: { readonly mac: string; readonly nodeId: number };
  /** Routers of the pools, canonical: one answer shows that the uplink works. */
  readonly controls: readonly string[];
  /** Uplink MACs of the other gateways. */
  readonly peers: readonly string[];
}

export interface Round {
  /** Addresses for which another gateway answered. */
  readonly answered: ReadonlySet<string>;
  /** Whether a router answered the last question: without it silence means nothing. */
  readonly control: boolean;
}

/** P of the slot protocol: two questions 50 ms apart, and 50 ms for the last answers. */
const requests = 2;
const apartMs = 50;
/** So much longer an answer of a router is waited for: a round without one says nothing, and would only be repeated. */
const controlLateMs = 250;
/** Period of the questions to routers. */
const controlMs = 250;

/** An answer may come so much later than the round lasted; then it is told all the same. */
const lateMs = 1000;

interface Listening {
  readonly addresses: ReadonlySet<string>;
  readonly answered: Set<string>;
  control: boolean;
  /** When it becomes true. */
  onControl?: () => void;
}

/** A round that has ended. */
interface Waiting {
  readonly addresses: ReadonlySet<string>;
  readonly onLate: (address: string) => void;
}

/** The group bit of the destination (IEEE 802). */
const isToMany = ([first = 0]: Uint8Array): boolean => (first & 1) === 1;

const askerOf = ({ asker: { mac, nodeId } }: WireView): Asker => ({ mac, linkLocal: probeAddress(nodeId) });

export class Wire {
  private view: WireView | undefined;
  private readonly rounds = new Set<Listening>();
  private readonly ended = new Set<Waiting>();
  private readonly timers: Timers;
  private lastControl: number | undefined;
  private firstAsked: number | undefined;
  private unanswered = 0;
  private cancel: (() => void) | undefined;

  constructor(private readonly options: WireOptions) {
    this.timers = new Timers(options.clock);
  }

  update(view: WireView | undefined): void {
    this.view = view;
    if (this.cancel === undefined && view !== undefined) this.askControls();
  }

  stop(): void {
    this.cancel?.();
    this.timers.cancel();
  }

  /**
   * Whether a router answers, as far as is known: not if none has answered for `withinMs` although it was asked all the
   * while. Without the questions a process that stood still would take its own silence for that of the uplink.
   */
  isUp(withinMs: number): boolean {
    const heard = this.lastControl ?? this.firstAsked;
    if (heard === undefined || this.unanswered < Math.floor(withinMs / controlMs)) return true;
    return this.options.clock.monotonicMs() - heard < withinMs;
  }

  /** A frame that the pipeline gave to the process. */
  heard(frame: Uint8Array): void {
    const answer = answerIn(frame);
    if (answer === undefined || this.view === undefined) return;
    const { controls, peers } = this.view;
    if (controls.includes(answer.address)) {
      this.lastControl = this.options.clock.monotonicMs();
      this.unanswered = 0;
      for (const round of this.rounds) {
        round.control = true;
        round.onControl?.();
      }
    }
    if (!peers.includes(answer.mac)) return;
    if (isToMany(frame)) this.options.onAnnounced?.(answer);
    else this.late(answer.address);
    for (const { addresses, answered } of this.rounds) {
      if (addresses.has(answer.address)) answered.add(answer.address);
    }
  }

  /**
   * Asks for all addresses at once; takes `P`, and longer only while no router answers. Without other gateways only the
   * routers are asked, and always behind the others: what Open vSwitch had to say before their last answer has been heard
   * by then, however late this process or its switch is.
   * `onLate` hears of another gateway's answers for a second after the round.
   */
  async round(addresses: readonly string[], onLate?: (address: string) => void): Promise<Round> {
    const listening: Listening = { addresses: new Set(addresses), answered: new Set(), control: false };
    this.rounds.add(listening);
    for (let sent = 0; sent < requests; sent++) {
      listening.control = false;
      this.ask(addresses);
      await new Promise<void>((resolve) => this.options.clock.after(apartMs, resolve));
    }
    await this.controlOf(listening);
    // Timers of a process that stood still come before what waits in its sockets.
    await setImmediate();
    this.rounds.delete(listening);
    if (onLate !== undefined) this.waitForLate({ addresses: listening.addresses, onLate });
    return { answered: listening.answered, control: listening.control };
  }

  private async controlOf(listening: Listening): Promise<void> {
    if (listening.control) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(controlLateMs, resolve);
      listening.onControl = () => {
        cancel();
        resolve();
      };
    });
  }

  private waitForLate(waiting: Waiting): void {
    this.ended.add(waiting);
    this.timers.after(lateMs, () => this.ended.delete(waiting));
  }

  private late(address: string): void {
    for (const { addresses, onLate } of this.ended) if (addresses.has(address)) onLate(address);
  }

  private ask(addresses: readonly string[]): void {
    if (this.view === undefined) return;
    const { peers, controls } = this.view;
    const asker = askerOf(this.view);
    const questions: readonly Question[] = [
      ...addresses.flatMap((address) => peers.map((mac) => ({ address, mac }))),
      ...controls.map((address) => ({ address })),
    ];
    this.options.send(questions.map((entry) => question(asker, entry)));
  }

  private askControls(): void {
    this.cancel = this.options.clock.after(controlMs, () => this.askControls());
    if (this.view === undefined) return;
    const { controls } = this.view;
    if (controls.length === 0) return;
    this.firstAsked ??= this.options.clock.monotonicMs();
    this.unanswered++;
    const asker = askerOf(this.view);
    this.options.send(controls.map((address) => question(asker, { address })));
  }
}
