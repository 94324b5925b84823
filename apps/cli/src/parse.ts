/** What people type, as numbers. Pure. */
import { InvalidArgumentError } from 'commander';

const unitMs = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** "5m", "90s", "1h30m" in milliseconds; throws commander's InvalidArgumentError. */
export function parseDuration(text: string): number {
  const [, hours = '0', minutes = '0', seconds = '0'] =
    /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  const ms = Number(hours) * unitMs.h + Number(minutes) * unitMs.m + Number(seconds) * unitMs.s;
  if (ms > 0) return ms;
  throw new InvalidArgumentError('It is written as 90s, 5m or 1h30m.');
}

/** A whole number from 1 on; throws commander's InvalidArgumentError. */
export function parseCount(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError('It is a whole number from 1 on.');
}
