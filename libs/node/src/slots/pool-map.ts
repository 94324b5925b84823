/**
 * Who holds which slot, in the cluster: `status.slots` of the pools. Written only over the version that was read, and
 * never to a lower epoch.
 */
import { type RecordedSlot } from '@sluice/coordination';
import { type Logger } from '@sluice/core';
import { type EgressPool, egressPools, type EgressPoolSlot, isConflict, type KubeClient } from '@sluice/kube';
import { PoolEdits, type SlotsEdit } from './pool-edits.js';

export interface Holding {
  /** Number within the pool. */
  readonly ordinal: number;
  readonly epoch: number;
  /** Who still serves connections of before. */
  readonly previous?: string | undefined;
}

/** Somebody else wrote meanwhile: read again and look again. */
const attempts = 10;

const edited = (edit: (slot: EgressPoolSlot) => EgressPoolSlot): SlotsEdit<undefined> => {
  return (slots) => ({ slots: slots.map(edit), result: undefined });
};

export class PoolMap {
  private readonly edits = new Map<string, PoolEdits>();

  constructor(
    private readonly client: Pick<KubeClient, 'find' | 'listAll' | 'replace'>,
    private readonly logger: Logger,
  ) {}

  /** Every slot of every pool that has an id, read from a quorum. */
  async read(): Promise<readonly RecordedSlot[]> {
    const pools: readonly EgressPool[] = await this.client.listAll(egressPools);
    return pools.flatMap(({ metadata, status }): readonly RecordedSlot[] => {
      const { id: poolId, slots = [] } = status ?? {};
      if (poolId === undefined) return [];
      return slots.map(({ slot, holder, epoch }) => ({ pool: metadata.name, poolId, slot, holder, epoch }));
    });
  }

  /** Throws what the API client throws. */
  async record(pool: string, holder: string, holdings: readonly Holding[]): Promise<void> {
    const byOrdinal = new Map(holdings.map((holding) => [holding.ordinal, holding]));
    const record = edited((slot) => {
      const holding = byOrdinal.get(slot.slot);
      if (holding === undefined || holding.epoch < slot.epoch) return slot;
      const { previous: _, ...rest } = slot;
      const { epoch, previous } = holding;
      return { ...rest, holder, epoch, ...(previous === undefined ? {} : { previous }) };
    });
    await this.editsOf(pool).edit(record);
  }

  /** Takes slots whose epoch is still the one that was read; gives those that it took, with their new epochs. */
  claim(
    pool: string,
    holder: string,
    claims: readonly { readonly ordinal: number; readonly epochRead: number; readonly epoch: number }[],
  ): Promise<readonly Holding[]> {
    const byOrdinal = new Map(claims.map((claim) => [claim.ordinal, claim]));
    return this.editsOf(pool).edit((before) => {
      const taken: Holding[] = [];
      const slots = before.map((slot) => {
        const claim = byOrdinal.get(slot.slot);
        if (claim?.epochRead !== slot.epoch) return slot;
        taken.push({ ordinal: slot.slot, epoch: claim.epoch });
        return { ...slot, holder, epoch: claim.epoch };
      });
      return { slots, result: taken };
    });
  }

  /** Takes a gateway's name away where it stands as the previous holder. */
  async withdraw(pool: string, gateway: string, ordinals: ReadonlySet<number>): Promise<void> {
    const withdraw = edited((slot) => {
      if (!ordinals.has(slot.slot) || slot.previous !== gateway) return slot;
      const { previous: _, ...rest } = slot;
      return rest;
    });
    await this.editsOf(pool).edit(withdraw);
  }

  private editsOf(pool: string): PoolEdits {
    const edits = this.edits.get(pool) ?? new PoolEdits((edit) => this.write(pool, edit));
    this.edits.set(pool, edits);
    return edits;
  }

  private async write(
    name: string,
    edit: (slots: readonly EgressPoolSlot[]) => readonly EgressPoolSlot[],
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Without a resourceVersion the API server reads from a quorum.
        const pool: EgressPool | undefined = await this.client.find(egressPools, { name });
        const before = pool?.status?.slots ?? [];
        const slots = edit(before);
        if (pool === undefined || slots.every((slot, at) => slot === before[at])) return;
        await this.client.replace(
          egressPools,
          { ...pool, status: { ...pool.status, slots } },
          { subresource: 'status', fieldManager: 'sluice-gateway' },
        );
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= attempts) throw error;
        this.logger.debug({ pool: name, attempt }, 'the pool was written meanwhile');
      }
    }
  }
}
