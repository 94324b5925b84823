/**
 * A gateway's slots between what the cluster says of them and what is programmed: tells the keeper which slots there are
 * to hold, and the uplink which addresses are held.
 */
import { type Clock } from '@sluice/core';
import {
  asOf,
  type GlobalSlot,
  type Intent,
  slotView,
  type SlotView,
  type Uplink,
  type World,
} from '@sluice/model';
import { Announcer } from '../announce/announcer.js';
import { type SlotKeeper } from './slot-keeper.js';

export interface DutiesOptions {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly world: () => World;
  readonly keeper: SlotKeeper | undefined;
  /** Out of the uplink; frames that cannot be sent are lost. */
  readonly send: (frames: readonly Uint8Array[]) => void;
}

export class Duties {
  private readonly announcer: Announcer;
  private uplink: Uplink | undefined;
  /** Of what is programmed. */
  private view: SlotView | undefined;

  constructor(private readonly options: DutiesOptions) {
    const { clock, send } = options;
    this.announcer = new Announcer({ clock, send });
  }

  /** Addresses of open slots. */
  get held(): readonly string[] {
    const open = this.options.keeper?.open ?? new Set();
    return (this.view?.slots ?? [])
      .filter(({ slot }) => open.has(slot))
      .flatMap(({ addresses }) => addresses);
  }

  /** The switch has what the intent says, which was made of the world. */
  programmed(world: World, { gateway }: Intent): void {
    this.uplink = gateway?.uplink;
    this.view = gateway === undefined ? undefined : slotView(world, this.options.nodeName);
    if (gateway === undefined || this.view === undefined) return;
    const addresses = this.view.slots.flatMap((duty) => duty.addresses);
    this.announcer.prepare(gateway.uplink.mac, addresses);
  }

  /** What the cluster says now, also while a pass of the loop is under way. */
  tellKeeper(): void {
    const { keeper, nodeName, world } = this.options;
    if (keeper === undefined || this.uplink === undefined || this.view === undefined) return;
    const now = slotView(world(), nodeName);
    if (now === undefined) return;
    keeper.update(asOf(now, this.view), this.uplink);
  }

  /** Of what is held, what was not before. */
  announce(): void {
    if (this.uplink !== undefined) this.announcer.hold(this.held);
  }

  /** Of these slots, what is held. */
  announceAgain(slots: ReadonlySet<GlobalSlot>): void {
    const own = (this.view?.slots ?? []).filter(({ slot }) => slots.has(slot));
    this.announcer.again(own.flatMap(({ addresses }) => addresses));
  }

  stop(): void {
    this.announcer.stop();
  }
}
