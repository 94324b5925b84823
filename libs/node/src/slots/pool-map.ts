/**
 * Who holds which slot, in the cluster: `status.slots` of the pools. Written only over the version that was read, and
 * never to a lower epoch.
 */
import { type Logger } from '@sluice/core';
import {
  type EgressPool,
  egressPools,
  type EgressPoolSlot,
  isConflict,
  isNotFound,
  type KubeClient,
} from '@sluice/kube';

export interface Holding {
  /** Number within the pool. */
  readonly ordinal: number;
  readonly epoch: number;
  /** Who still serves connections of before. */
  readonly previous?: string | undefined;
}

/** Somebody else wrote meanwhile: read again and look again. */
const attempts = 5;

export class PoolMap {
  constructor(
    private readonly client: Pick<KubeClient, 'get' | 'replace'>,
    private readonly logger: Logger,
  ) {}

  /** Throws what the API client throws. */
  async record(pool: string, holder: string, holdings: readonly Holding[]): Promise<void> {
    const byOrdinal = new Map(holdings.map((holding) => [holding.ordinal, holding]));
    await this.change(pool, (slot) => {
      const holding = byOrdinal.get(slot.slot);
      if (holding === undefined || holding.epoch < slot.epoch) return slot;
      const { previous: _, ...rest } = slot;
      const { epoch, previous } = holding;
      return { ...rest, holder, epoch, ...(previous === undefined ? {} : { previous }) };
    });
  }

  /** Takes slots whose epoch is still the one that was read; gives those that it took, with their new epochs. */
  async claim(
    pool: string,
    holder: string,
    claims: readonly { readonly ordinal: number; readonly epochRead: number; readonly epoch: number }[],
  ): Promise<readonly Holding[]> {
    const byOrdinal = new Map(claims.map((claim) => [claim.ordinal, claim]));
    const taken = new Map<number, Holding>();
    await this.change(pool, (slot) => {
      const claim = byOrdinal.get(slot.slot);
      if (claim?.epochRead !== slot.epoch) return slot;
      taken.set(slot.slot, { ordinal: slot.slot, epoch: claim.epoch });
      return { ...slot, holder, epoch: claim.epoch };
    });
    return [...taken.values()];
  }

  /** Takes a gateway's name away where it stands as the previous holder. */
  async withdraw(pool: string, gateway: string, ordinals: ReadonlySet<number>): Promise<void> {
    await this.change(pool, (slot) => {
      if (!ordinals.has(slot.slot) || slot.previous !== gateway) return slot;
      const { previous: _, ...rest } = slot;
      return rest;
    });
  }

  private async change(name: string, change: (slot: EgressPoolSlot) => EgressPoolSlot): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Without a resourceVersion the API server reads from a quorum.
        const pool: EgressPool = await this.client.get(egressPools, { name });
        const before = pool.status?.slots ?? [];
        const slots = before.map(change);
        if (slots.every((slot, at) => slot === before[at])) return;
        await this.client.replace(
          egressPools,
          { ...pool, status: { ...pool.status, slots } },
          { subresource: 'status', fieldManager: 'sluice-gateway' },
        );
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt >= attempts) throw error;
        this.logger.debug({ pool: name, attempt }, 'the pool was written meanwhile');
      }
    }
  }
}
