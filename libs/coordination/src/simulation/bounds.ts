/** The bounds of section 7 of the protocol, for what happens in a run. */
import { type SlotTimes } from '../constants.js';
import { type Fault, type Plan } from './plan.js';

/** A sample, lateness of timers, the wait of the second candidate, and a round that has to be asked again. */
const slackMs = 150;

/** Until the second announcement, when the cluster's map has the new holder. */
const announcedMs = 700;

/** How long a slot may be unserved while a gateway that may take it is well. */
export function boundOf(faults: readonly Fault[], times: SlotTimes): number {
  const { goneMs, leaseMs, gateMs, expiryLateMs, silenceMs, uplinkMs, renewMs, probeMs } = times;
  const anything = goneMs + leaseMs + gateMs + expiryLateMs + silenceMs + 4000;
  const [only] = faults;
  if (only === undefined || faults.length > 1) return anything;
  switch (only.kind) {
    case 'node':
    case 'underlay':
      return 1000 + slackMs;
    case 'switch':
      return 450 + 2 * renewMs + probeMs + slackMs;
    case 'uplink':
      return uplinkMs + 2 * renewMs + probeMs + slackMs;
    case 'kill':
    case 'pause':
      return goneMs + leaseMs + 1000;
    // Whether they cost anything at all is another invariant.
    case 'store-cut':
    case 'store-down':
    case 'slow-store':
    case 'wipe':
    case 'map-cut':
    case 'deaf':
    case 'mute':
      return anything;
  }
}

/**
 * How long two may answer for one slot. Only the wire protects a holder that is cut off from the store and stays (row 7),
 * so without unicast probes it is taken over after W; the announcement that follows closes it (row 13).
 */
export function overlapOf(faults: readonly Fault[]): number {
  const kinds = faults.map(({ kind }) => kind);
  return kinds.includes('mute') && kinds.includes('store-cut') ? announcedMs : 0;
}

/**
 * Whether everything comes to rest after the last fault. A gateway that never hears that its drain is over gives away what
 * the others, who know, give back to it: without loss, but for ever.
 */
export const comesToRest = ({ drains, faults }: Plan): boolean =>
  drains.length === 0 || faults.every(({ kind, forMs }) => kind !== 'map-cut' || Number.isFinite(forMs));

/** Nothing that happens may cost a packet. */
export function isLossless({ faults, drains, settings }: Plan, { gateMs, extendMs }: SlotTimes): boolean {
  // A successor that is cut off while a slot is handed to it is a third party's trouble: the slow path.
  if (faults.length > 0 && (drains.length > 0 || settings.holdDownMs < 10_000)) return false;
  const kept = faults.every(
    (fault) =>
      fault.kind === 'store-cut' ||
      fault.kind === 'map-cut' ||
      fault.kind === 'slow-store' ||
      (fault.kind === 'store-down' && fault.back === 'kept'),
  );
  if (kept) return true;
  const [only] = faults;
  if (faults.length !== 1 || only === undefined) return false;
  // Everywhere: who notices it first takes it for its own trouble, and gives up to who has not noticed it yet (ADR 17).
  if (only.kind === 'deaf') return only.pair !== undefined;
  if (only.kind === 'mute' || only.kind === 'store-down' || only.kind === 'wipe') return true;
  const brief = only.forMs < gateMs - extendMs - slackMs;
  return brief && (only.kind === 'kill' || only.kind === 'pause') && only.onStep !== 'close';
}
