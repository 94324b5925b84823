/** What a newcomer sees first: a namespace's address outside, before and after one annotation. */
import { until } from './command.js';
import { apply, kubectl, kubectlJson } from './kubectl.js';
import { clientImage } from './images.js';
import { outside } from './outside.js';
import { hostPort, type LabPlan, ports } from './plan.js';
import { type Progress } from './progress.js';

const namespace = 'demo';
const egress = '198.18.0.100,2001:db8:18::100';

const objects: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'client', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'client' } },
      template: {
        metadata: { labels: { app: 'client' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'client', image: clientImage, imagePullPolicy: 'IfNotPresent' }],
        },
      },
    },
  },
];

interface Target {
  readonly label: string;
  readonly ask: readonly string[];
}

const targets = (plan: LabPlan): readonly Target[] =>
  outside(plan).flatMap(({ name, addresses }) =>
    addresses.map((address) => ({
      label: `${name} ${address}`,
      ask: ['curl', '-gs', '-m', '5', `http://${hostPort(address, ports.echoHttp)}/clientip`],
    })),
  );

const bare = (answer: string): string => answer.trim().replace(/^\[?(.*?)\]?:\d+$/, '$1');

async function seen(plan: LabPlan, { ask }: Target): Promise<string> {
  const answer = await kubectl(plan, ['exec', '-n', namespace, 'deploy/client', '--', ...ask]).catch(
    () => '',
  );
  return bare(answer) || 'no answer';
}

const table = (plan: LabPlan): Promise<readonly (readonly [string, string])[]> =>
  Promise.all(targets(plan).map(async (target) => [target.label, await seen(plan, target)] as const));

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

async function isReady(plan: LabPlan): Promise<boolean> {
  const { metadata } = await kubectlJson<Annotated>(plan, ['get', 'namespace', namespace]);
  const status = JSON.parse(metadata.annotations?.['sluice.dev/egress-status'] ?? '[]') as {
    readonly state: string;
  }[];
  return status.length > 0 && status.every(({ state }) => state === 'Ready');
}

const print = (title: string, rows: readonly (readonly [string, string])[]): void => {
  console.log(`\n${title}`);
  for (const [label, address] of rows) console.log(`  ${label.padEnd(34)} sees ${address}`);
};

/** Leaves the namespace annotated. */
export async function demonstrate(plan: LabPlan, progress: Progress): Promise<void> {
  await progress.step('a namespace with a client', async () => {
    await apply(plan, objects);
    await kubectl(plan, ['rollout', 'status', '-n', namespace, 'deploy/client', '--timeout=120s']);
    await kubectl(plan, ['annotate', 'namespace', namespace, 'sluice.dev/egress-']);
    await until('the namespace to leave by its node', async () => {
      const rows = await table(plan);
      return rows.every(([, address]) => address !== 'no answer' && !egress.split(',').includes(address));
    });
  });
  print('Outside, before the annotation:', await table(plan));
  const command = ['annotate', 'namespace', namespace, `sluice.dev/egress=${egress}`];
  console.log(`\n$ kubectl ${command.join(' ')}`);
  await kubectl(plan, command);
  await until('the egress to be ready', () => isReady(plan));
  await until('every server to see the egress address', async () =>
    (await table(plan)).every(([, address]) => egress.split(',').includes(address)),
  );
  print('Outside, after it:', await table(plan));
  console.log(`
Everything runs on. Next:
  export KUBECONFIG=${plan.kubeconfig}
  kubectl get epool,eaddr,egw
  kubectl describe namespace ${namespace}
  kubectl exec -n ${namespace} deploy/client -- curl -s http://198.18.0.10:8080/clientip
  make lab-down`);
}
