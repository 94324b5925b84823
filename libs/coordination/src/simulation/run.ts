/** One seed, one run. */
import { type Violation, type ViolationKind } from './invariants.js';
import { type Plan } from './plan.js';
import { Random } from './random.js';
import { correct, type Rules } from './rules.js';
import { planOf } from './schedule.js';
import { type Trace } from './trace.js';
import { World } from './world.js';

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** True milliseconds that were simulated. */
  readonly ms: number;
  readonly longestGap: number;
  readonly longestMoveGap: number;
  readonly longestOverlap: number;
}

/** A run that never becomes quiet ends then. */
const longestMs = 40_000;

export interface RunOptions {
  readonly rules?: Rules;
  /** Instead of the one that chance makes. */
  readonly plan?: (random: Random) => Plan;
  /** Instead of all. */
  readonly watched?: ReadonlySet<ViolationKind>;
  readonly trace?: Trace;
}

export function runSeed(
  seed: number,
  { rules = correct, plan = planOf, watched, trace }: RunOptions = {},
): Outcome {
  const random = new Random(seed);
  const world = new World(plan(random), random, { rules, trace, watched });
  const { agenda, invariants } = world;
  world.start();
  while (invariants.violation === undefined && !invariants.settled && agenda.step(longestMs));
  if (!invariants.settled) invariants.end();
  const { violation, longestGap, longestMoveGap, longestOverlap } = invariants;
  return { seed, violation, ms: agenda.now, longestGap, longestMoveGap, longestOverlap };
}
