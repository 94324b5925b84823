/** etcd, API server, controller-manager, scheduler and DNS: ordinary processes in the root namespace. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority, keyPair, kubeconfigOf, serviceAccountKey } from './certificates.js';
import { ensureCgroup, inCgroup } from './cgroups.js';
import { until } from './command.js';
import { answers } from './kubectl.js';
import {
  clusterCidrs,
  hostAddress,
  hostPort,
  ofFamilies,
  ports,
  serviceCidrs,
  type LabPlan,
} from './plan.js';
import { ensureRunning, failIfEnded, type Program } from './processes.js';
import { programPath } from './programs.js';

const etcdUrl = (plan: LabPlan, port: number): string => `http://${hostPort(plan.loopback, port)}`;

/** Without fsync: a lab's data need not survive a power cut. Debian's etcd 3.4 is enough for the API server. */
function etcd(plan: LabPlan): Program {
  const client = etcdUrl(plan, ports.etcd);
  const peer = etcdUrl(plan, ports.etcdPeer);
  return {
    name: 'etcd',
    command: [
      '/usr/bin/etcd',
      '--unsafe-no-fsync',
      `--data-dir=${join(plan.directory, 'etcd')}`,
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
      `--initial-cluster=default=${peer}`,
      '--logger=zap',
      '--log-level=warn',
    ],
  };
}

function apiServer(plan: LabPlan): Program {
  const serving = keyPair(plan, 'api-server');
  const kubeletClient = keyPair(plan, 'api-server-to-kubelet');
  const ca = authority(plan).certificate;
  return {
    name: 'kube-apiserver',
    command: [
      programPath('kube-apiserver'),
      `--etcd-servers=${etcdUrl(plan, ports.etcd)}`,
      ...[`--bind-address=${hostAddress(plan)}`, `--advertise-address=${hostAddress(plan)}`],
      `--secure-port=${ports.api}`,
      ...[`--tls-cert-file=${serving.certificate}`, `--tls-private-key-file=${serving.key}`],
      `--client-ca-file=${ca}`,
      `--kubelet-certificate-authority=${ca}`,
      `--kubelet-client-certificate=${kubeletClient.certificate}`,
      `--kubelet-client-key=${kubeletClient.key}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${serviceAccountKey(plan)}`,
      `--service-account-signing-key-file=${serviceAccountKey(plan)}`,
      `--service-cluster-ip-range=${ofFamilies(plan, serviceCidrs).join(',')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged',
    ],
  };
}

function controllerManager(plan: LabPlan): Program {
  const kubeconfig = kubeconfigOf(plan, 'controller-manager');
  const masks = { ipv4: '--node-cidr-mask-size-ipv4=24', ipv6: '--node-cidr-mask-size-ipv6=64' };
  return {
    name: 'kube-controller-manager',
    command: [
      programPath('kube-controller-manager'),
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--bind-address=${plan.loopback}`,
      '--leader-elect=false',
      '--allocate-node-cidrs',
      `--cluster-cidr=${ofFamilies(plan, clusterCidrs).join(',')}`,
      ...ofFamilies(plan, masks),
      `--service-cluster-ip-range=${ofFamilies(plan, serviceCidrs).join(',')}`,
      `--root-ca-file=${authority(plan).certificate}`,
      `--service-account-private-key-file=${serviceAccountKey(plan)}`,
      '--use-service-account-credentials',
      // By default what each new namespace gets takes a tenth of a second, one after the other.
      ...['--kube-api-qps=200', '--kube-api-burst=400'],
    ],
  };
}

function scheduler(plan: LabPlan): Program {
  const kubeconfig = kubeconfigOf(plan, 'scheduler');
  return {
    name: 'kube-scheduler',
    command: [
      programPath('kube-scheduler'),
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--bind-address=${plan.loopback}`,
      '--leader-elect=false',
    ],
  };
}

function coredns(plan: LabPlan): Program {
  const corefile = join(plan.directory, 'Corefile');
  writeFileSync(
    corefile,
    `.:53 {
    bind ${plan.host.ipv4} ${plan.host.ipv6}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfigOf(plan, 'coredns')}
        pods insecure
    }
    cache 5
}
`,
  );
  return { name: 'coredns', command: [programPath('coredns'), '-conf', corefile] };
}

/** As if it had a machine of its own. */
const groupOf = (plan: LabPlan): string => `${plan.prefix}-control-plane`;

function start(plan: LabPlan, { command, ...program }: Program): void {
  ensureRunning(plan.directory, { ...program, command: inCgroup(groupOf(plan), command) });
}

/** Starts what is not running; resolves when the API server says that it is ready. */
export async function ensureControlPlane(plan: LabPlan): Promise<void> {
  mkdirSync(join(plan.directory, 'etcd'), { recursive: true, mode: 0o700 });
  ensureCgroup(groupOf(plan));
  start(plan, etcd(plan));
  start(plan, apiServer(plan));
  await until('the API server to be ready', async () => {
    failIfEnded(plan.directory, 'etcd', 'kube-apiserver');
    return answers(plan, '/readyz');
  });
  for (const program of [controllerManager(plan), scheduler(plan), coredns(plan)]) {
    start(plan, program);
  }
}
