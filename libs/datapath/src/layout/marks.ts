/** Packet marks of the host, and the conntrack zones of the bridge. */
import { type BitMark } from '../config.js';

/** Zone 1: all NAT of a gateway. Zone 2: an agent's pins. The host's own conntrack is zone 0. */
export const defaultZones = { nat: 1, pins: 2 } as const;

/**
 * Outside kube-proxy (0x4000, 0x8000), Calico (0xffff0000), Cilium (0x0f00, upper half) and the AWS CNI (0x80).
 * `captured` is also the host conntrack's mark bit of connections that came in through sluice0.
 */
export const defaultMarks = { captured: 0x2000, reply: 0x1000 } as const satisfies Record<string, BitMark>;

/** What the two bits say together: the fwmark rules match these values under `mask`. */
export const markValues = (marks: { captured: BitMark; reply: BitMark }) => ({
  egress: marks.captured,
  reply: marks.captured | marks.reply,
  mask: marks.captured | marks.reply,
});
