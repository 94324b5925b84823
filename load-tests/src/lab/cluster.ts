/** The targets in a lab, and the addresses that the load comes from there. */
import { runProgram } from '@sluice/core';
import { commandOn, type LabPlan, programPath, until } from '@sluice/lab';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSeq, parseAllDocuments } from 'yaml';
import { type LabService } from './ways.js';

/** From `dist/load-tests/src/lab`. */
const sourceRoot = resolve(import.meta.dirname, '..', '..', '..', '..');
const manifest = join(sourceRoot, 'load-tests', 'deploy', 'targets.yaml');
export const namespace = 'sluice-load';
const deployment = 'deployment/backend';
/** As the manifest has it. */
export const endpoints = 4;

const patienceMs = 180_000;

async function run([program = '', ...args]: readonly string[], input = ''): Promise<string> {
  const command = [program, ...args] as const;
  const { status, stdout, stderr } = await runProgram({ command, input, timeoutMs: patienceMs });
  if (status === 0) return stdout;
  throw new Error(`${command.join(' ')}: ${stderr.trim()}`);
}

const kubectl = (plan: LabPlan, args: readonly string[], input?: string): Promise<string> =>
  run([programPath('kubectl'), '--kubeconfig', plan.kubeconfig, ...args], input);

/** With the image that the lab has in the place of the public one, which it cannot pull. */
export function labManifest(text: string): string {
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    const containers = document.getIn(['spec', 'template', 'spec', 'containers']);
    if (!isSeq(containers)) continue;
    for (const at of containers.items.keys()) {
      containers.setIn([at, 'image'], 'docker.io/library/sluice-lab-client:latest');
      containers.setIn([at, 'imagePullPolicy'], 'Never');
      containers.setIn([at, 'command'], ['/usr/local/bin/agnhost']);
    }
  }
  return documents.map(String).join('');
}

/** Until the Pods serve and the Services have their addresses. */
export async function applyTargets(plan: LabPlan): Promise<void> {
  const text = labManifest(readFileSync(manifest, 'utf8'));
  await kubectl(plan, ['apply', '--server-side', '--force-conflicts', '-f', '-'], text);
  await kubectl(plan, ['rollout', 'status', '-n', namespace, deployment, '--timeout=150s']);
  await until('the Services to have their addresses', async () =>
    (await servicesIn(plan)).every(
      ({ spec, status }) =>
        spec.type !== 'LoadBalancer' || status?.loadBalancer?.ingress?.length === plan.families.length,
    ),
  );
}

export async function servicesIn(plan: LabPlan): Promise<readonly LabService[]> {
  const text = await kubectl(plan, ['get', 'services', '-n', namespace, '-o', 'json']);
  return (JSON.parse(text) as { readonly items: readonly LabService[] }).items;
}

export async function removeTargets(plan: LabPlan): Promise<void> {
  await kubectl(plan, ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s']);
}

/** As many as the hash tells apart by the lowest four bits; nobody else has them, and no pool. */
const numbers = Array.from({ length: 16 }, (_, at) => at);
export const sourcesOf = ({ families }: Pick<LabPlan, 'families'>): readonly string[] =>
  families.flatMap((family) =>
    numbers.map((at) =>
      family === 'ipv4' ? `198.18.0.${32 + at}` : `2001:db8:18::${(0x40 + at).toString(16)}`,
    ),
  );

/** A deprecated address is used by those who ask for it, and by nobody else. Twice the same change is none. */
export async function changeSources(
  plan: LabPlan,
  host: string,
  change: 'replace' | 'delete',
): Promise<void> {
  const line = (address: string): string => {
    const six = address.includes(':');
    const how = six && change === 'replace' ? ' nodad preferred_lft 0 valid_lft forever' : '';
    return `address ${change} ${address}/${six ? 128 : 32} dev e0${how}\n`;
  };
  const force = change === 'delete' ? ['-force'] : [];
  const ip = run(commandOn(plan, host, ['ip', ...force, '-batch', '-']), sourcesOf(plan).map(line).join(''));
  // Some are not there when a run failed before it had added them.
  await (change === 'delete' ? ip.catch(() => undefined) : ip);
}
