/**
 * The deterministic simulator of the slot protocol.
 *   --seed N --trace           one run, as text
 *   --seeds N [--from M] [--seconds S] [--workers W]
 */
import { parseArgs } from 'node:util';
import { replay, simulate } from './campaign.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    workers: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});

const number = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is not a number of at least 0`);
  return value;
};

const seed = number(values.seed);
if (seed !== undefined) {
  process.exitCode = replay(seed, values.trace) ? 0 : 1;
} else {
  const passed = await simulate({
    from: number(values.from) ?? 1,
    seeds: number(values.seeds) ?? Infinity,
    seconds: number(values.seconds) ?? (values.seeds === undefined ? 10 : Infinity),
    workers: number(values.workers),
  });
  process.exitCode = passed ? 0 : 1;
}
