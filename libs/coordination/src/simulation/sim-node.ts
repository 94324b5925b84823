/** One gateway's machine: its Open vSwitch, its links, its clock, and the process that runs on it (or does not). */
import { type GatewayName } from '../store.js';
import { type SlotEvent } from '../protocol/events.js';
import { GateModel } from './gate-model.js';
import { type GatewayProcess } from './process.js';
import { type World } from './world.js';

/** Things that can be cut; each counts its cuts, because two faults can cut the same. */
export type Cut = 'uplink' | 'underlay' | 'store' | 'map';

interface Waiting {
  readonly process: GatewayProcess;
  readonly run: () => void;
  readonly isFrame: boolean;
}

export class SimNode {
  readonly gate: GateModel;
  process: GatewayProcess | undefined;
  switchAlive = true;
  /** What the process knows of it. */
  switchSeen = true;
  /** The connection to the store is gone, and a new one is needed. */
  disconnected = true;
  /** Messages to and from the store take up to so long. */
  storeSlowMs = 0;
  /** True time since when everything about it has been well; undefined: something is not. */
  healthySince: number | undefined;
  readonly bfd = new Map<GatewayName, boolean>();
  /** Of the other nodes (workers), as BFD hears them: all or none. */
  workersHeard = true;
  private readonly cuts: Record<Cut, number> = { uplink: 0, underlay: 0, store: 0, map: 0 };
  private pauses = 0;
  private waiting: Waiting[] = [];
  private uplinkChangedAt = Number.NEGATIVE_INFINITY;
  private processes = 0;

  constructor(
    readonly world: World,
    readonly name: GatewayName,
    readonly index: number,
    private readonly clock: { readonly rate: number; readonly offset: number },
  ) {
    const { agenda, random, rules } = world;
    this.gate = new GateModel({
      now: () => agenda.now,
      lifetime: () => rules.times.gateMs / clock.rate + random.next() * rules.times.expiryLateMs,
      modifyInserts: rules.modifyInserts,
    });
  }

  /** Its CLOCK_BOOTTIME. */
  get localNow(): number {
    return this.clock.offset + this.world.agenda.now * this.clock.rate;
  }

  get isPaused(): boolean {
    return this.pauses > 0;
  }

  /** True milliseconds of a time on its own clock. */
  trueMs(localMs: number): number {
    return localMs / this.clock.rate;
  }

  has(link: Cut): boolean {
    return this.cuts[link] === 0;
  }

  cut(link: Cut, by: 1 | -1): void {
    const before = this.has(link);
    this.cuts[link] += by;
    if (this.has(link) === before) return;
    if (link === 'uplink') this.uplinkChangedAt = this.world.agenda.now;
    this.world.linksChanged();
  }

  get reachesStore(): boolean {
    return this.has('store') && this.reachesServices && this.world.storeUp;
  }

  get reachesMap(): boolean {
    return this.has('map') && this.reachesServices;
  }

  /** By the underlay, or by a network of their own. */
  private get reachesServices(): boolean {
    return this.world.plan.servicesApart || this.has('underlay');
  }

  /** Frames leave and arrive on the uplink. */
  get reachesUplink(): boolean {
    return this.has('uplink') && this.switchAlive;
  }

  /** On its own clock: the last answer of a router that was asked every quarter of C. */
  get lastControl(): number | undefined {
    const { agenda, rules } = this.world;
    const period = rules.times.uplinkMs / 4;
    const asked = Math.floor(agenda.now / period) * period;
    if (!this.switchAlive) return undefined;
    const last = this.has('uplink') ? asked : Math.floor(this.uplinkChangedAt / period) * period;
    if (this.has('uplink') && last < this.uplinkChangedAt) return undefined;
    return this.localNow - (agenda.now - last) * this.clock.rate;
  }

  boot(): void {
    if (this.process !== undefined) return;
    this.waiting = [];
    this.disconnected = true;
    const incarnation = this.index * 1000 + ++this.processes;
    this.process = this.world.newProcess(this, incarnation);
    this.process.start();
  }

  kill(): void {
    this.process = undefined;
    this.waiting = [];
  }

  pause(by: 1 | -1): void {
    this.pauses += by;
    if (this.pauses > 0) return;
    const { process } = this;
    if (process === undefined) return;
    // Timers run before what came in on sockets.
    const due = [
      ...this.waiting.filter(({ isFrame }) => !isFrame),
      ...this.waiting.filter(({ isFrame }) => isFrame),
    ];
    this.waiting = [];
    if (this.world.random.chance(0.5)) process.heardRouter(this.localNow);
    for (const item of due)
      this.world.agenda.after(0, () => this.inProcess(item.process, item.run, item.isFrame));
  }

  /** Runs a step of the process: not if it has died, and later if it is stopped. */
  inProcess(process: GatewayProcess, run: () => void, isFrame = false): void {
    if (this.process !== process) return;
    if (this.isPaused) this.waiting.push({ process, run, isFrame });
    else run();
  }

  switchDies(): void {
    if (!this.switchAlive) return;
    this.switchAlive = false;
    this.gate.clear();
    this.world.linksChanged();
    this.noticeSwitch();
  }

  switchReturns(): void {
    if (this.switchAlive) return;
    this.switchAlive = true;
    this.world.linksChanged();
    this.noticeSwitch();
  }

  tell(event: SlotEvent): void {
    const { process } = this;
    if (process === undefined) return;
    this.inProcess(process, () => process.dispatch(event));
  }

  /** Echo requests, or the closed socket. */
  private noticeSwitch(): void {
    const { agenda, random } = this.world;
    agenda.after(random.between(2, 450), () => {
      if (this.switchSeen === this.switchAlive) return;
      this.switchSeen = this.switchAlive;
      const { process } = this;
      if (process !== undefined) this.inProcess(process, () => process.switchChanged());
    });
  }
}
