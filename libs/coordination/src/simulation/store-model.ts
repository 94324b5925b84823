/** The fast store as a model: what the scripts of the real one do, on a clock of its own; it can be wiped and restored. */
import {
  type AssertAnswer,
  type AssertRequest,
  type ClaimAnswer,
  type ClaimRequest,
  type GatewayName,
  type HandOverAnswer,
  type HandOverRequest,
  type ReleaseRequest,
  type RenewAnswer,
  type RenewRequest,
  type SlotEntry,
  type SlotId,
} from '../store.js';

/** The store's clock when a run begins; epochs are at least that. */
const epochBase = 1_000_000;

export interface StoreModelOptions {
  /** The store's own clock, in milliseconds. */
  readonly clock: () => number;
  /** Every epoch that is given to somebody. */
  readonly onEpoch: (slot: SlotId, epoch: number, holder: GatewayName) => void;
  readonly epochsFromZero: boolean;
}

export class StoreModel {
  private leases = new Map<GatewayName, { readonly incarnation: string; readonly until: number }>();
  private readonly heard = new Map<GatewayName, number>();
  private renewals = new Map<GatewayName, number>();
  private slots = new Map<SlotId, SlotEntry>();
  private snapshot: { slots: Map<SlotId, SlotEntry>; renewals: Map<GatewayName, number> } | undefined;
  private marks = 0;

  constructor(private readonly options: StoreModelOptions) {}

  get mark(): string {
    return `mark-${this.marks}`;
  }

  wipe(): void {
    this.leases.clear();
    this.renewals.clear();
    this.slots.clear();
    this.marks++;
  }

  save(): void {
    this.snapshot = { slots: new Map(this.slots), renewals: new Map(this.renewals) };
  }

  /** From the snapshot: leases are not in it any more, the mark is. */
  restore(): void {
    this.leases.clear();
    if (this.snapshot === undefined) return;
    this.slots = new Map(this.snapshot.slots);
    this.renewals = new Map(this.snapshot.renewals);
  }

  renew({ gateway, incarnation, leaseMs, heard, observed }: RenewRequest): RenewAnswer {
    const held = this.lease(gateway);
    if (held !== undefined && held !== incarnation) return { kind: 'foreign', incarnation: held };
    this.setLease(gateway, incarnation, leaseMs);
    this.heard.set(gateway, heard);
    this.renewals.set(gateway, (this.renewals.get(gateway) ?? 0) + 1);
    const leases = new Map(
      observed.map((name) => [
        name,
        {
          incarnation: this.lease(name),
          renewals: this.renewals.get(name) ?? 0,
          heard: this.lease(name) === undefined ? 0 : (this.heard.get(name) ?? 0),
        },
      ]),
    );
    return { kind: 'renewed', mark: this.mark, leases, slots: new Map(this.slots) };
  }

  claim(request: ClaimRequest): ClaimAnswer {
    const { gateway, incarnation, slot, leaseMs, epochRead, mark, floor } = request;
    const entry = this.slots.get(slot);
    const refuse = (reason: 'mark' | 'epoch' | 'no-lease' | 'held'): ClaimAnswer => {
      return { kind: 'refused', reason, entry };
    };
    if (mark !== this.mark) return refuse('mark');
    if (this.lease(gateway) !== incarnation) return refuse('no-lease');
    if (entry?.holder === gateway && !entry.released) {
      this.setLease(gateway, incarnation, leaseMs);
      return { kind: 'claimed', epoch: entry.epoch };
    }
    if ((entry?.epoch ?? 0) !== epochRead) return refuse('epoch');
    if (entry !== undefined && !entry.released && this.lease(entry.holder) !== undefined) {
      return refuse('held');
    }
    return { kind: 'claimed', epoch: this.give(slot, gateway, floor) };
  }

  assert({ gateway, slot, mine }: AssertRequest): AssertAnswer {
    const entry = this.slots.get(slot);
    if (entry === undefined || entry.epoch < mine) {
      return { kind: 'asserted', epoch: this.give(slot, gateway, mine + 1) };
    }
    if (entry.holder === gateway && !entry.released) return { kind: 'asserted', epoch: entry.epoch };
    return { kind: 'superseded', entry };
  }

  release({ gateway, slot, epoch }: ReleaseRequest): boolean {
    const entry = this.slots.get(slot);
    if (entry?.holder !== gateway || entry.epoch !== epoch) return false;
    this.slots.set(slot, { ...entry, released: true });
    return true;
  }

  handOver({ gateway, slot, epoch, successor }: HandOverRequest): HandOverAnswer {
    const entry = this.slots.get(slot);
    if (entry?.holder !== gateway || entry.released || entry.epoch !== epoch) {
      return { kind: 'refused', entry };
    }
    return { kind: 'handed-over', epoch: this.give(slot, successor, 0) };
  }

  private lease(gateway: GatewayName): string | undefined {
    const lease = this.leases.get(gateway);
    return lease !== undefined && lease.until > this.options.clock() ? lease.incarnation : undefined;
  }

  private setLease(gateway: GatewayName, incarnation: string, leaseMs: number): void {
    this.leases.set(gateway, { incarnation, until: this.options.clock() + leaseMs });
  }

  private give(slot: SlotId, holder: GatewayName, floor: number): number {
    const { clock, epochsFromZero, onEpoch } = this.options;
    const least = epochsFromZero ? 0 : Math.floor(epochBase + clock());
    const stored = this.slots.get(slot)?.epoch ?? 0;
    const epoch = Math.max(stored + 1, epochsFromZero ? 0 : floor, least);
    this.slots.set(slot, { holder, epoch, released: false });
    onEpoch(slot, epoch, holder);
    return epoch;
  }
}
