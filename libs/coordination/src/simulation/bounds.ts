/** The bounds of section 7 of the protocol, for what happens in a run. */
import { type SlotTimes } from '../constants.js';
import { type Fault, type Plan } from './schedule.js';

/** A sample, lateness of timers, the wait of the second candidate, and a round that has to be asked again. */
const slackMs = 150;

/** How long a slot may be unserved while a gateway that may take it is well. */
export function boundOf(faults: readonly Fault[], times: SlotTimes): number {
  const { goneMs, leaseMs, gateMs, expiryLateMs, silenceMs, uplinkMs, renewMs, probeMs } = times;
  const anything = goneMs + leaseMs + gateMs + expiryLateMs + silenceMs + 4000;
  if (faults.length !== 1) return anything;
  switch (faults[0]?.kind) {
    case 'node':
    case 'underlay':
      return 1000 + slackMs;
    case 'switch':
      return 450 + 2 * renewMs + probeMs + slackMs;
    case 'uplink':
      return uplinkMs + 2 * renewMs + probeMs + slackMs;
    default:
      return anything;
  }
}

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
  if (only.kind === 'deaf' || only.kind === 'store-down' || only.kind === 'wipe') return true;
  const brief = only.forMs < gateMs - extendMs - slackMs;
  return brief && (only.kind === 'kill' || only.kind === 'pause') && only.onStep !== 'close';
}
