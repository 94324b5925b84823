/** A node: containerd, kubelet and, on workers, kube-proxy, with the network, files and cgroup of the node. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { authority, kubeconfigOf, keyPair } from './certificates.js';
import { ensureCgroup, inCgroup } from './cgroups.js';
import { run, until } from './command.js';
import { servesKubelets } from './cri.js';
import { installImages } from './image-store.js';
import { pauseImage } from './images.js';
import { inNamespace, inNode } from './namespaces.js';
import { containerdConfig, kubeletConfig, kubeProxyConfig } from './node-config.js';
import { ensureNodeFilesystem, nodeFiles, onMachine } from './node-filesystem.js';
import { hostAddress, ofFamilies, type LabPlan, type NodePlan } from './plan.js';
import { cniConfig, masqueradeRules } from './primary-cni.js';
import { ensureRunning, failIfEnded, type Program } from './processes.js';
import { programDirectory, programFile } from './programs.js';

const programName = (node: NodePlan, program: string): string => `${node.name}.${program}`;
const program = (name: Parameters<typeof programFile>[0]): string => `${nodeFiles}/bin/${programFile(name)}`;

/** A program of the node itself, beside its Pods. */
const nodeProgram = (plan: LabPlan, node: NodePlan, name: string, command: readonly string[]): Program => ({
  name: programName(node, name),
  command: inCgroup(node.namespace, inNode(plan, node, command)),
});

function containerd(plan: LabPlan, node: NodePlan): Program {
  const command = ['/usr/bin/containerd', '--config', `${nodeFiles}/containerd.toml`, '--log-level', 'warn'];
  return nodeProgram(plan, node, 'containerd', command);
}

function kubelet(plan: LabPlan, node: NodePlan): Program {
  const command = [
    program('kubelet'),
    `--config=${nodeFiles}/kubelet.json`,
    `--kubeconfig=${nodeFiles}/kubelet.kubeconfig`,
    `--hostname-override=${node.name}`,
    `--node-ip=${ofFamilies(plan, node.management).join(',')}`,
    '--root-dir=/var/lib/kubelet',
    `--cert-dir=${nodeFiles}/pki`,
  ];
  return nodeProgram(plan, node, 'kubelet', command);
}

function kubeProxy(plan: LabPlan, node: NodePlan): Program {
  const command = [program('kube-proxy'), `--config=${nodeFiles}/kube-proxy.json`];
  return nodeProgram(plan, node, 'kube-proxy', command);
}

function writeConfiguration(plan: LabPlan, node: NodePlan): void {
  const files = {
    'containerd.toml': containerdConfig(pauseImage),
    'kubelet.json': kubeletConfig(plan, node),
    'kube-proxy.json': kubeProxyConfig(plan, node),
    'resolv.conf': `nameserver ${hostAddress(plan)}\n`,
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(onMachine(node, `${nodeFiles}/${name}`), text);
  const { certificate, key } = keyPair(plan, node.name);
  const copies = {
    'ca.crt': authority(plan).certificate,
    'node.crt': certificate,
    'node.key': key,
    'kubelet.kubeconfig': kubeconfigOf(plan, node.name),
    'kube-proxy.kubeconfig': kubeconfigOf(plan, 'kube-proxy'),
  };
  for (const [name, from] of Object.entries(copies))
    copyFileSync(from, onMachine(node, `${nodeFiles}/${name}`));
}

/** Before /etc of the node is mounted: what lies under an overlay must not change beneath it. */
function writeCniConfiguration(plan: LabPlan, node: NodePlan): void {
  const file = onMachine(node, '/etc/cni/net.d/10-primary.conflist');
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, cniConfig(plan, node));
}

/** The containerd socket of a node, seen from the machine. */
export const containerdSocket = (node: NodePlan): string =>
  onMachine(node, '/run/containerd/containerd.sock');

/** Everything of a node up to containerd; needs no API server. */
export async function ensureNodeRuntime(plan: LabPlan, node: NodePlan): Promise<void> {
  ensureCgroup(node.namespace);
  writeCniConfiguration(plan, node);
  await ensureNodeFilesystem(plan, node, programDirectory);
  await installImages(onMachine(node, '/var/lib/containerd'));
  writeConfiguration(plan, node);
  await run(inNamespace(node.namespace, ['nft', '-f', '-']), { input: masqueradeRules(plan) });
  const { name } = containerd(plan, node);
  ensureRunning(plan.directory, containerd(plan, node));
  await until(`containerd of ${node.name} to serve kubelets`, () => {
    failIfEnded(plan.directory, name);
    return servesKubelets(containerdSocket(node));
  });
}

/** The kubelet, and kube-proxy on workers. Needs the API server and the Node object. */
export function ensureKubelet(plan: LabPlan, node: NodePlan): void {
  ensureRunning(plan.directory, kubelet(plan, node));
  if (node.role === 'worker') ensureRunning(plan.directory, kubeProxy(plan, node));
}

/** Programs of a node, for messages and for `lab fail`. */
export const nodePrograms = (node: NodePlan): readonly string[] =>
  [...(node.role === 'worker' ? ['kube-proxy'] : []), 'kubelet', 'containerd'].map((name) =>
    programName(node, name),
  );
