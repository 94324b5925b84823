/** The API server as the lab's admin sees it, by kubectl. */
import { attempt, run, type CommandOptions } from './command.js';
import { type LabPlan } from './plan.js';
import { programPath } from './programs.js';

const command = (plan: LabPlan, args: readonly string[]): readonly string[] => [
  programPath('kubectl'),
  '--kubeconfig',
  plan.kubeconfig,
  ...args,
];

export const kubectl = (
  plan: LabPlan,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> => run(command(plan, args), options);

/** Whether a path of the API server answers with success. */
export const answers = async (plan: LabPlan, path: string): Promise<boolean> =>
  (await attempt(command(plan, ['get', '--raw', path, '--request-timeout=2s']))) !== undefined;

/** Server-side apply of objects. */
export async function apply(plan: LabPlan, objects: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl(
    plan,
    // As the README says it, so that what the upgrade guide applies later meets no other manager.
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    { input },
  );
}

export async function kubectlJson<T>(plan: LabPlan, args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl(plan, [...args, '-o', 'json'])) as T;
}

interface ConditionedObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isTrue = ({ status }: ConditionedObject, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** Names of the nodes that are Ready. */
export async function readyNodes(plan: LabPlan): Promise<readonly string[]> {
  const { items } = await kubectlJson<{ items: readonly ConditionedObject[] }>(plan, ['get', 'nodes']);
  return items.filter((node) => isTrue(node, 'Ready')).map(({ metadata }) => metadata.name);
}
