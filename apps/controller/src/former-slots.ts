/**
 * The slots of addresses that were released a moment ago. Another gateway may not have heard of it: when an address is given
 * again, the gateway that holds it is the one that held it before, and nobody else answers for it meanwhile.
 */
import { type Clock } from '@sluice/core';
import { type EgressAddress } from '@sluice/kube';
import { type FormerSlot } from '@sluice/model';

/** No node that works follows the API server with more delay. */
const rememberedMs = 600_000;

interface Release extends FormerSlot {
  readonly atMs: number;
}

export class FormerSlots {
  private readonly releases = new Map<string, Release>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  released({ spec: { pool, slot, addresses } }: EgressAddress): void {
    const atMs = this.clock.monotonicMs();
    this.forget();
    for (const address of addresses) {
      // Oldest first.
      this.releases.delete(address);
      this.releases.set(address, { pool, slot, atMs });
    }
  }

  /** By address. */
  current(): ReadonlyMap<string, FormerSlot> {
    this.forget();
    return this.releases;
  }

  private forget(): void {
    const since = this.clock.monotonicMs() - rememberedMs;
    for (const [address, { atMs }] of this.releases) {
      if (atMs > since) return;
      this.releases.delete(address);
    }
  }
}
