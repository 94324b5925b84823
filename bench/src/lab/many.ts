/** Objects by the thousand. */
import { KubeRefusedError } from '@sluice/kube';

const atOnce = 32;

/** What was made by a run before is taken as it is. */
export async function ensure(create: Promise<unknown>): Promise<void> {
  await create.catch((error: unknown) => {
    if (!(error instanceof KubeRefusedError && error.status === 409)) throw error;
  });
}

/** Runs `work` for `from` … `to` - 1, some at once. */
export async function forEach(
  from: number,
  to: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
