/** The constants of the slot protocol, and the inequalities between them that make it safe; all times in milliseconds. */

export interface SlotTimes {
  /** L: how long a lease lives in the store without renewal. */
  readonly leaseMs: number;
  /** R: period of renewals. */
  readonly renewMs: number;
  /** B: how long a holder believes in its lease after it sent the last renewal that was answered. */
  readonly beliefMs: number;
  /** D: BFD detection. */
  readonly bfdMs: number;
  /** T: a process or a switch that is so late stood still. */
  readonly stallMs: number;
  /** A: silence that began with a stall of one's own is believed after it; BFD speaks once a second while a session is down. */
  readonly afterStallMs: number;
  /** G: hard timeout of a gate entry. */
  readonly gateMs: number;
  /** K: period in which open entries are extended. */
  readonly extendMs: number;
  /** e: Open vSwitch runs a hard timeout at most this late. */
  readonly expiryLateMs: number;
  /** W: a lease that was gone for so long belongs to a gate that has run out. */
  readonly goneMs: number;
  /** C: an uplink whose control probe was not answered for so long is lost. */
  readonly uplinkMs: number;
  /** S: silence on the wire that a slow takeover needs. */
  readonly silenceMs: number;
  /** P: one probe round (two requests 50 ms apart, 50 ms wait). */
  readonly probeMs: number;
  /** M: lateness of a timer, flow modification and revalidation of the datapath together. */
  readonly actMs: number;
  /** Until a restarted process has adopted its entries. */
  readonly restartMs: number;
  /** Round trip to the store. */
  readonly storeMs: number;
  /** Open and announce. */
  readonly openMs: number;
  /** Close, with its barrier. */
  readonly closeMs: number;
  /** rho: bound of the relative rate of two clocks. */
  readonly clockDrift: number;
}

export const slotTimes: SlotTimes = {
  leaseMs: 400,
  renewMs: 80,
  beliefMs: 200,
  bfdMs: 300,
  stallMs: 100,
  afterStallMs: 2500,
  gateMs: 6000,
  extendMs: 1000,
  expiryLateMs: 500,
  goneMs: 13_000,
  uplinkMs: 1000,
  silenceMs: 2500,
  probeMs: 100,
  actMs: 190,
  restartMs: 5000,
  storeMs: 20,
  openMs: 50,
  closeMs: 100,
  clockDrift: 0.01,
};
