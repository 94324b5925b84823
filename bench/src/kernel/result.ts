/** What the lane tells the suite. */
import { type Family } from '@sluice/lab';
import { type PeerMode } from './peer.js';

/** Through Sluice's gateway, through a host with kube-proxy, or to the Pod itself through a host that only routes. */
export type Way = 'sluice' | PeerMode | 'routed';

export const works = {
  connects: { seconds: 2, port: 'reset' },
  bytes: { seconds: 2, port: 'read' },
} as const;

export interface LaneResult {
  readonly samples: readonly {
    readonly way: Way;
    readonly family: Family;
    readonly what: keyof typeof works;
    /** New connections, or bytes. */
    readonly perSecond: number;
    readonly failed: number;
  }[];
}
