/** What is lost between two gateways, or everywhere; each pair counts, because two faults can hit the same. */
import { type GatewayName } from '../store.js';

export type Pair = readonly [GatewayName, GatewayName];

const everywhere = '*';
const keyOf = (pair: Pair | undefined): string => pair?.toSorted().join(' ') ?? everywhere;

export class Pairs {
  private readonly counts = new Map<string, number>();

  /** Undefined: everywhere. */
  add(pair: Pair | undefined, by: 1 | -1): void {
    const key = keyOf(pair);
    const count = (this.counts.get(key) ?? 0) + by;
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  get isEverywhere(): boolean {
    return this.counts.has(everywhere);
  }

  has(...pair: Pair): boolean {
    return !this.isEmpty && (this.isEverywhere || this.counts.has(keyOf(pair)));
  }
}
