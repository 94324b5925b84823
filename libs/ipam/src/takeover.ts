/**
 * Who shall have a slot, and who takes over (docs/adr/0016-a-lost-zone-is-spread.md). Highest random weight with bounded
 * load, three times:
 *
 *   1. nobody comes first for more than its share of the slots, rounded up;
 *   2. those that leave pass their own slots on to the others, again within the share, and no other slot moves;
 *   3. second is a gateway of another zone, so that of the slots of a zone each gateway elsewhere gets its share.
 *
 * Further successors take zones in turn.
 */
import { ranked } from './rendezvous.js';

/** A gateway that may hold slots. */
export interface SlotCandidate {
  readonly name: string;
  /** What fails together; a gateway without one is a zone of its own. */
  readonly zone?: string | undefined;
  /** Gives its slots away: it comes first for nothing, and takes over when no other one is left. */
  readonly leaving?: boolean;
}

export type Orders = readonly (readonly string[])[];

/** For each slot all gateways, the one that shall have it first. */
export function takeoverOrders(
  { name, slots }: { readonly name: string; readonly slots: number },
  gateways: readonly SlotCandidate[],
): Orders {
  const names = gateways.map((gateway) => gateway.name);
  if (names.length === 0) return Array.from({ length: slots }, () => []);
  const ranks = Array.from({ length: slots }, (_, slot) => ranked(name, slot, names));
  const stay = gateways.filter(({ leaving }) => leaving !== true).map((gateway) => gateway.name);
  const staying = new Set(stay.length > 0 ? stay : names);
  const firsts = firstChoices(ranks, names.length, staying);
  const zones = new Map(gateways.map((gateway) => [gateway.name, gateway.zone ?? `/${gateway.name}`]));
  const orders = successors(
    ranks.map((rank) => rank.filter((gateway) => staying.has(gateway))),
    firsts,
    zones,
  );
  return orders.map((order, slot) => [
    ...order,
    ...(ranks[slot] ?? []).filter((gateway) => !staying.has(gateway)),
  ]);
}

/** How often each name was taken, and whether it may be taken once more. */
class Load {
  private readonly counts = new Map<string, number>();

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  add(name: string): void {
    this.counts.set(name, this.of(name) + 1);
  }

  /** The best of a ranking that is below the bound; the best of all if none is. */
  take(rank: readonly string[], bound: number): string {
    const best = rank.find((name) => this.of(name) < bound) ?? rank[0] ?? '';
    this.add(best);
    return best;
  }
}

/** Rules 1 and 2. */
function firstChoices(ranks: Orders, gateways: number, staying: ReadonlySet<string>): readonly string[] {
  const all = new Load();
  const share = Math.ceil(ranks.length / gateways);
  const wanted = ranks.map((rank) => all.take(rank, share));
  const load = new Load();
  for (const first of wanted) if (staying.has(first)) load.add(first);
  const larger = Math.ceil(ranks.length / staying.size);
  return wanted.map((first, slot) => {
    if (staying.has(first)) return first;
    return load.take(
      (ranks[slot] ?? []).filter((name) => staying.has(name)),
      larger,
    );
  });
}

/** Rule 3: the first, and behind it all others. */
function successors(
  ranks: Orders,
  firsts: readonly string[],
  zones: ReadonlyMap<string, string>,
): readonly (readonly string[])[] {
  const zoneOf = (name: string): string => zones.get(name) ?? '';
  const lost = new Load();
  for (const first of firsts) lost.add(zoneOf(first));
  const loads = new Map<string, Load>();
  return ranks.map((rank, slot) => {
    const first = firsts[slot] ?? '';
    const zone = zoneOf(first);
    const others = rank.filter((name) => name !== first);
    const elsewhere = others.filter((name) => zoneOf(name) !== zone);
    if (elsewhere.length === 0) return [first, ...others];
    const load = loads.get(zone) ?? new Load();
    loads.set(zone, load);
    const second = load.take(elsewhere, Math.ceil(lost.of(zone) / elsewhere.length));
    return inTurn([first, second], others, zoneOf);
  });
}

/** Next is always the best of the zones that were taken least often. */
function inTurn(
  order: readonly string[],
  rank: readonly string[],
  zoneOf: (name: string) => string,
): readonly string[] {
  const result = [...order];
  const used = new Load();
  for (const name of order) used.add(zoneOf(name));
  const left = rank.filter((name) => !result.includes(name));
  while (left.length > 0) {
    const least = Math.min(...left.map((name) => used.of(zoneOf(name))));
    const at = left.findIndex((name) => used.of(zoneOf(name)) === least);
    for (const name of left.splice(at, 1)) {
      used.add(zoneOf(name));
      result.push(name);
    }
  }
  return result;
}
