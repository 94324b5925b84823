/** Waiting for a condition. */
import { setTimeout as pause } from 'node:timers/promises';

export { pause };

/** Asks every `everyMs` until there is a value; throws after `withinMs`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined>,
  withinMs = 60_000,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(everyMs);
  }
}
