/**
 * The deterministic simulator of the slot protocol: one seed is one schedule of clocks, delays, faults and drains.
 *   --seeds N | --seconds N [--from S] [--workers W]     many seeds, on all cores
 *   --replay SEED [--brief]                               one run as text; brief: its faults and its end only
 */
import { parseArgs } from 'node:util';
import { replay, simulate } from './campaign.js';

const { values } = parseArgs({
  options: {
    replay: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    workers: { type: 'string' },
    brief: { type: 'boolean', default: false },
  },
});

const number = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is not a number of at least 0`);
  return value;
};

const seed = number(values.replay);
if (seed !== undefined) {
  process.exitCode = replay(seed, values.brief) ? 0 : 1;
} else {
  const passed = await simulate({
    from: number(values.from) ?? 1,
    seeds: number(values.seeds) ?? Infinity,
    seconds: number(values.seconds) ?? (values.seeds === undefined ? 10 : Infinity),
    workers: number(values.workers),
  });
  process.exitCode = passed ? 0 : 1;
}
