/** What the lab says while it works: one line per step, with the time that it takes here and an estimate before slow ones. */
export interface Progress {
  /** Runs a step. `estimate` is told beforehand when the step is slow. */
  step<T>(what: string, work: () => Promise<T>, estimate?: string): Promise<T>;
}

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

export const terminalProgress: Progress = {
  step: async (what, work, estimate) => {
    const started = performance.now();
    if (estimate !== undefined) console.error(`… ${what} (${estimate})`);
    const result = await work();
    console.error(`✓ ${what} (${seconds(started)})`);
    return result;
  },
};
