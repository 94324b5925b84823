/** The lab's certificate authority and the certificates and kubeconfigs made with it; each once, by openssl. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { apiService, hostAddress, hostPort, ports, type LabPlan } from './plan.js';

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

interface Subject {
  readonly name: string;
  readonly commonName: string;
  /** The Kubernetes group of a client. */
  readonly organization?: string;
  /** Of a server: DNS:… and IP:… */
  readonly alternativeNames?: readonly string[];
}

const directoryOf = (plan: LabPlan): string => join(plan.directory, 'pki');
const days = '3650';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', days];

export const keyPair = (plan: LabPlan, name: string): KeyPair => ({
  certificate: join(directoryOf(plan), `${name}.crt`),
  key: join(directoryOf(plan), `${name}.key`),
});

export const authority = (plan: LabPlan): KeyPair => keyPair(plan, 'ca');
export const serviceAccountKey = (plan: LabPlan): string => join(directoryOf(plan), 'service-accounts.key');

/** Runs openssl with partial output names; the certificate gets its name last, so that what exists is whole. */
async function make({ certificate, key }: KeyPair, args: readonly string[]): Promise<void> {
  if (existsSync(certificate)) return;
  await run([
    'openssl',
    'req',
    '-x509',
    ...newKey,
    ...args,
    '-keyout',
    key,
    '-out',
    `${certificate}.partial`,
  ]);
  renameSync(`${certificate}.partial`, certificate);
}

async function ensureCertificate(plan: LabPlan, subject: Subject): Promise<KeyPair> {
  const { certificate, key } = authority(plan);
  const pair = keyPair(plan, subject.name);
  const organization = subject.organization === undefined ? '' : `/O=${subject.organization}`;
  const names = subject.alternativeNames ?? [];
  await make(pair, [
    ...['-CA', certificate, '-CAkey', key, '-subj', `${organization}/CN=${subject.commonName}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `extendedKeyUsage=clientAuth${names.length > 0 ? ',serverAuth' : ''}`],
    ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : []),
  ]);
  return pair;
}

const ip = (address: string): string => `IP:${address}`;

function subjects(plan: LabPlan): readonly Subject[] {
  const apiNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map(
    (name) => `DNS:${name}`,
  );
  const apiAddresses = [plan.host.ipv4, plan.host.ipv6, apiService.ipv4, apiService.ipv6].map(ip);
  return [
    { name: 'api-server', commonName: 'kube-apiserver', alternativeNames: [...apiNames, ...apiAddresses] },
    {
      name: 'api-server-to-kubelet',
      commonName: 'kube-apiserver-kubelet-client',
      organization: 'system:masters',
    },
    { name: 'admin', commonName: 'lab-admin', organization: 'system:masters' },
    { name: 'controller-manager', commonName: 'system:kube-controller-manager' },
    { name: 'scheduler', commonName: 'system:kube-scheduler' },
    { name: 'kube-proxy', commonName: 'system:kube-proxy' },
    { name: 'coredns', commonName: 'system:coredns' },
    ...plan.nodes.map((node) => ({
      name: node.name,
      commonName: `system:node:${node.name}`,
      organization: 'system:nodes',
      alternativeNames: [`DNS:${node.name}`, ip(node.management.ipv4), ip(node.management.ipv6)],
    })),
  ];
}

/** A kubeconfig that stands alone: certificates and keys are in it. */
function kubeconfig(plan: LabPlan, user: string): string {
  const embed = (file: string): string => readFileSync(file).toString('base64');
  const { certificate, key } = keyPair(plan, user);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: plan.prefix,
        cluster: {
          server: `https://${hostPort(hostAddress(plan), ports.api)}`,
          'certificate-authority-data': embed(authority(plan).certificate),
        },
      },
    ],
    users: [
      { name: user, user: { 'client-certificate-data': embed(certificate), 'client-key-data': embed(key) } },
    ],
    contexts: [{ name: plan.prefix, context: { cluster: plan.prefix, user } }],
    'current-context': plan.prefix,
  });
}

/** Path of a component's kubeconfig; a node's is named as the node. */
export const kubeconfigOf = (plan: LabPlan, user: string): string =>
  user === 'admin' ? plan.kubeconfig : join(directoryOf(plan), `${user}.kubeconfig`);

const servers = ['api-server', 'api-server-to-kubelet'];

export async function ensureCertificates(plan: LabPlan): Promise<void> {
  mkdirSync(directoryOf(plan), { recursive: true, mode: 0o700 });
  await make(authority(plan), [
    '-subj',
    '/CN=sluice-lab',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]);
  if (!existsSync(serviceAccountKey(plan))) {
    const partial = `${serviceAccountKey(plan)}.partial`;
    await run([
      'openssl',
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:2048',
      '-out',
      partial,
    ]);
    renameSync(partial, serviceAccountKey(plan));
  }
  await Promise.all(
    subjects(plan).map(async (subject) => {
      await ensureCertificate(plan, subject);
      const file = kubeconfigOf(plan, subject.name);
      if (servers.includes(subject.name) || existsSync(file)) return;
      writeFileSync(`${file}.partial`, kubeconfig(plan, subject.name), { mode: 0o600 });
      renameSync(`${file}.partial`, file);
    }),
  );
}
