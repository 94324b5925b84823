/** `make load`: the targets in a lab that is up, profiles against them from a host outside, and everything away again. */
import { commandOn, existingLab, type LabPlan, programPath, terminalProgress } from '@sluice/lab';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  applyTargets,
  changeSources,
  endpoints,
  namespace,
  removeTargets,
  servicesIn,
  sourcesOf,
} from './cluster.js';
import { targetsIn } from './ways.js';

/** On the gateways' uplink, and reaches the API server as well: churn needs both. */
const host = 'tester';
const program = resolve(import.meta.dirname, '..', 'main.js');

async function environmentOf(plan: LabPlan): Promise<Readonly<Record<string, string>>> {
  return {
    ...targetsIn(plan, await servicesIn(plan)),
    LOAD_ENDPOINTS: String(endpoints),
    LOAD_SOURCES: sourcesOf(plan).join(','),
    LOAD_KUBECTL: programPath('kubectl'),
    LOAD_NAMESPACE: namespace,
    KUBECONFIG: plan.kubeconfig,
  };
}

/** Its exit status. */
async function runProfiles(plan: LabPlan, names: readonly string[]): Promise<number> {
  const [first = '', ...args] = commandOn(plan, host, [process.execPath, program, ...names]);
  const env = { ...process.env, ...(await environmentOf(plan)) };
  const child = spawn(first, args, { stdio: 'inherit', env });
  const [status] = (await once(child, 'close')) as [number | null];
  return status ?? 1;
}

/** Says what stays instead of throwing: an error of the run itself is not to be hidden. */
async function cleanUp(plan: LabPlan): Promise<void> {
  try {
    await changeSources(plan, host, 'delete');
    await removeTargets(plan);
  } catch (error) {
    console.error(`the targets are not gone: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', default: 'lab' } },
});
// The profiles get the signal, too, and end; then there is something to clean up.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined);

const plan = existingLab(values.name);
try {
  await terminalProgress.step('targets', () => applyTargets(plan));
  await changeSources(plan, host, 'replace');
  process.exitCode = await runProfiles(plan, positionals.length === 0 ? ['smoke', 'churn'] : positionals);
} finally {
  await terminalProgress.step('cleaned up', () => cleanUp(plan));
}
