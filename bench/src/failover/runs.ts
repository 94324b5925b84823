/** CHAOS_RUNS: fewer runs, for those in a hurry. */
export const runsAtMost = (runs: number): number => Math.min(runs, Number(process.env.CHAOS_RUNS ?? runs));
