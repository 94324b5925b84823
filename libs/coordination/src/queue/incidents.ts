/**
 * To which incident a move belongs, as the gateway that made it knows. Losing a gateway is one incident for each of its
 * processes: every gateway that takes over names the same one, by the incarnation whose lease it has seen last.
 */
import { type GatewayName } from '../store.js';
import { type Incident, type MoveReason } from './move.js';

/** Planned moves that follow each other so soon are one withdrawal. */
const togetherMs = 10_000;

export interface MoveFacts {
  readonly why: MoveReason;
  readonly from: GatewayName | undefined;
  /** Whether `from` gives all its slots away. */
  readonly draining: boolean;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export class Incidents {
  private readonly incarnations = new Map<GatewayName, string>();
  private planned: { readonly incident: Incident; readonly atMs: number } | undefined;

  /** What a look at the leases showed. */
  seen(leases: ReadonlyMap<GatewayName, { readonly incarnation: string | undefined }>): void {
    for (const [name, { incarnation }] of leases) {
      if (incarnation !== undefined) this.incarnations.set(name, incarnation);
    }
  }

  of({ why, from, draining, atMs }: MoveFacts): Incident | undefined {
    if (from === undefined) return undefined;
    switch (why) {
      case 'holder-dead':
      case 'holder-gone':
      case 'store-silent':
      case 'released':
        return {
          id: `failover:${from}:${this.incarnations.get(from) ?? 'unknown'}`,
          kind: 'failover',
          gateway: from,
        };
      case 'handed-over':
        return this.withdrawal(from, draining ? 'drain' : 'rebalance', atMs);
      // The other side of a planned move, or nobody's loss.
      case 'mine-already':
      case 'never-held':
      case 'forgotten':
        return undefined;
    }
  }

  private withdrawal(gateway: GatewayName, kind: 'drain' | 'rebalance', atMs: number): Incident {
    const before = this.planned;
    const goesOn = before?.incident.kind === kind && atMs - before.atMs <= togetherMs;
    const incident = goesOn ? before.incident : { id: `${kind}:${gateway}:${String(atMs)}`, kind, gateway };
    this.planned = { incident, atMs };
    return incident;
  }
}
