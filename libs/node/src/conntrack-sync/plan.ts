/**
 * Whose connections go where. A gateway tells of the addresses that it carries, or still drains; the gateways that are
 * next in the order of a slot copy what they are told of it. Pure.
 */
import { type GlobalSlot, type SlotDuty, type SlotView } from '@sluice/model';
import { type Tuple } from '@sluice/netlink';
import { outsideAddress } from '../switch/conntrack-dump.js';

export interface SyncPlan {
  /** Addresses whose connections this gateway tells of. */
  readonly published: ReadonlySet<string>;
  /** Gateway → addresses of which its connections are copied; no entry: nothing of it is. */
  readonly copied: ReadonlyMap<string, ReadonlySet<string>>;
  /** Gateway → addresses that it alone holds: what it does not tell of is no connection any more. */
  readonly settled: ReadonlyMap<string, ReadonlySet<string>>;
  /** Addresses that this gateway carries: its own entries are the truth. */
  readonly carried: ReadonlySet<string>;
  /** Addresses that other gateways hold, without a part of this one: what it remembers of them is of before. */
  readonly foreign: ReadonlySet<string>;
}

/** One successor is not enough: when two gateways die, the second one in the order takes the slot. */
const successors = 2;

export const emptyPlan: SyncPlan = {
  published: new Set(),
  copied: new Map(),
  settled: new Map(),
  carried: new Set(),
  foreign: new Set(),
};

const addressesOf = (duties: readonly SlotDuty[]): ReadonlySet<string> =>
  new Set(duties.flatMap(({ addresses }) => addresses));

/** How the connections of a datapath are told of and copied. */
export interface SyncMode {
  /** Between two snapshots. */
  readonly snapshotMs: number;
  /** Of the time, which a snapshot takes at most. */
  readonly snapshotShare: number;
  /**
   * Copies are told apart from this gateway's own connections: snapshots end nothing else. A holder makes none of what the
   * former one still serves, for that one has to see both directions of it.
   */
  readonly knowsCopies: boolean;
}

/** The kernel tells of changes; snapshots are for what got lost. */
export const kernelMode: SyncMode = { snapshotMs: 20_000, snapshotShare: 1 / 20, knowsCopies: false };
/** Nobody tells of changes in userspace, and on a busy node a snapshot of a small table waits more than it works. */
export const switchMode: SyncMode = { snapshotMs: 500, snapshotShare: 1 / 10, knowsCopies: true };

/** Whether `self` is one of the next after `gateway`, or serves the slot already. */
function succeeds(
  view: SlotView,
  { order, recorded }: SlotDuty,
  gateway: string,
  { knowsCopies }: SyncMode,
): boolean {
  const { self, draining } = view;
  if (recorded?.holder === self) return !knowsCopies && recorded.previous === gateway;
  const next = order.filter((name) => name !== gateway && !draining.has(name));
  return next.slice(0, successors).includes(self);
}

const byPeer = (
  { peers, slots }: SlotView,
  wanted: (duty: SlotDuty, gateway: string) => boolean,
): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(
    peers.flatMap(({ name }) => {
      const addresses = addressesOf(slots.filter((duty) => wanted(duty, name)));
      return addresses.size === 0 ? [] : [[name, addresses] as const];
    }),
  );

export function syncPlan(view: SlotView, open: ReadonlySet<GlobalSlot>, mode: SyncMode): SyncPlan {
  const { slots, self } = view;
  const isOpen = ({ slot }: SlotDuty): boolean => open.has(slot);
  const isForeign = ({ recorded }: SlotDuty): boolean =>
    recorded?.holder !== undefined && recorded.holder !== self && recorded.previous !== self;
  return {
    carried: addressesOf(slots.filter(isOpen)),
    foreign: addressesOf(slots.filter((duty) => !isOpen(duty) && isForeign(duty))),
    published: addressesOf(slots.filter((duty) => isOpen(duty) || duty.recorded?.previous === self)),
    copied: byPeer(view, (duty, gateway) => succeeds(view, duty, gateway, mode)),
    settled: byPeer(
      view,
      ({ slot, recorded }, gateway) =>
        recorded?.holder === gateway &&
        (recorded.previous === undefined || (mode.knowsCopies && recorded.previous === self)) &&
        !open.has(slot),
    ),
  };
}

/** The address outside that a connection is of; undefined: it is not among `addresses`. */
export function addressIn(
  addresses: ReadonlySet<string>,
  original: Pick<Tuple, 'source' | 'destination'>,
  answersTo: string,
): string | undefined {
  const address = outsideAddress(original, answersTo);
  return addresses.has(address) ? address : undefined;
}
