/** How many connections hold a gateway that is being left, by the address outside (ovs-dpctl(8), dump-conntrack -s). */
import { canonicalIp } from '@sluice/core';
import { isOverIn, outsideAddress } from '../switch/conntrack-dump.js';

/**
 * Of the original direction source, destination and port of the source; of the reply source, destination, and the port
 * that answers go to: where NAT shows. Counters may follow the ports.
 */
const form =
  /^(\w+),orig=\(src=([^,]+),dst=([^,)]+)(?:,sport=(\d+),dport=(\d+))?[^)]*\),reply=\(src=([^,]+),dst=([^,)]+)(?:,sport=\d+,dport=(\d+))?[^)]*\)/;

/** In seconds, until the entry ends without another packet. */
const timeout = /,timeout=(\d+)/;

/** One side has said that it sends no more; of the other one's end this gateway may hear nothing. */
const halfClosed = /state=(?:FIN_WAIT_[12]|CLOSE_WAIT)\b/;

/**
 * Nobody has spoken on it for so long: its end may not have been seen here, as when the Pod gave it up while no gateway
 * could be reached. Agents know which ones live, and pass these on to the new holder (ADR 33).
 */
const silentMs = 30_000;
/** The timeout is in whole seconds, and a dump takes its time. */
const toleranceMs = 1500;

interface Silence {
  /** When the entry ends without another packet, by the clock of `nowMs`; a packet puts it off. */
  readonly endsMs: number;
  readonly sinceMs: number;
}

export class ConnectionsLeft {
  private silences = new Map<string, Silence>();

  /**
   * `dump`: one connection a line. Counts those of `addresses` (canonical) that can still carry something, but for those
   * of TCP that have been silent since this began to count them, for at least 30 s, and that are half closed or have the
   * port that every gateway would give them. `nowMs` is of a monotonic clock.
   */
  count(dump: string, addresses: ReadonlySet<string>, nowMs: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const silences = new Map<string, Silence>();
    for (const line of dump.split('\n')) {
      const [, protocol, source, to, fromPort, toPort, answersFrom, from, answersTo] = form.exec(line) ?? [];
      if (source === undefined || to === undefined || from === undefined || isOverIn(line)) continue;
      const address = canonicalIp(outsideAddress({ source, destination: to }, from));
      if (!addresses.has(address)) continue;
      const keepsPort = to === answersFrom && fromPort === answersTo;
      if (protocol === 'tcp' && (keepsPort || halfClosed.test(line))) {
        const key = [source, fromPort, to, toPort].join(' ');
        const silence = this.silence(key, line, nowMs);
        if (silence !== undefined) silences.set(key, silence);
        if (silence !== undefined && nowMs - silence.sinceMs >= silentMs) continue;
      }
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    this.silences = silences;
    return counts;
  }

  private silence(key: string, line: string, nowMs: number): Silence | undefined {
    const seconds = timeout.exec(line)?.[1];
    if (seconds === undefined) return undefined;
    const endsMs = nowMs + Number(seconds) * 1000;
    const before = this.silences.get(key);
    if (before !== undefined && Math.abs(endsMs - before.endsMs) <= toleranceMs) return before;
    return { endsMs, sinceMs: nowMs };
  }
}
