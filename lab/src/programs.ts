/** Where the lab's programs come from: Debian packages, and Go builds that are cached outside the tree. */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attempt, run } from './command.js';
import { digestOf } from './digest.js';
import { type Progress } from './progress.js';

export const kubernetesVersion = '1.37.2';
export const corednsVersion = '1.14.7';
/** test/utils/image/manifest.go of that Kubernetes. */
export const agnhostVersion = '2.66.1';

/** Root of the source tree, from dist/lab/src and from lab/src alike. */
export const sourceRoot = ((): string => {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'nest-cli.json'))) directory = dirname(directory);
  return directory;
})();

export const cacheRoot = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sluice');

interface GoBuild {
  readonly version: string;
  readonly module: string;
  readonly package: string;
  readonly ldflags: string;
  /** On two cores with an empty build cache. */
  readonly estimate: string;
  /** The program is what tests the package, as `go test -c` makes it. */
  readonly test?: true;
}

const stamp = [
  ['k8s.io/component-base/version.gitVersion', `v${kubernetesVersion}`],
  ['k8s.io/component-base/version.gitMajor', '1'],
  ['k8s.io/component-base/version.gitMinor', '37'],
  ['k8s.io/client-go/pkg/version.gitVersion', `v${kubernetesVersion}`],
]
  .map(([variable, value]) => `-X ${variable}=${value}`)
  .join(' ');

const kubernetes = (path: string, estimate: string): GoBuild => ({
  version: kubernetesVersion,
  module: 'kubernetes',
  package: `k8s.io/kubernetes/${path}`,
  ldflags: `-s -w ${stamp}`,
  estimate,
});

/** A program of the lab's own: its version is the digest of its source. */
const own = (module: string): GoBuild => ({
  version: digestOf(join(sourceRoot, 'lab', 'tools', module)).slice(0, 12),
  module,
  package: '.',
  ldflags: '-s -w',
  estimate: '5 s',
});

const builds = {
  'kube-apiserver': kubernetes('cmd/kube-apiserver', 'about 4 min'),
  'kube-controller-manager': kubernetes('cmd/kube-controller-manager', 'about 1.5 min'),
  'kube-scheduler': kubernetes('cmd/kube-scheduler', '15 s'),
  kubelet: kubernetes('cmd/kubelet', '30 s'),
  'kube-proxy': kubernetes('cmd/kube-proxy', '15 s'),
  kubectl: kubernetes('cmd/kubectl', '30 s'),
  agnhost: kubernetes('test/images/agnhost', '15 s'),
  coredns: {
    version: corednsVersion,
    module: 'coredns',
    package: 'github.com/coredns/coredns',
    ldflags: '-s -w',
    estimate: 'about 1.5 min',
  },
  traffic: own('traffic'),
  pause: own('pause'),
} as const satisfies Record<string, GoBuild>;

/** Built when somebody asks for it: every lab runs without it. */
const onDemand = {
  'e2e.test': {
    ...kubernetes('test/e2e', 'about 4 min'),
    module: 'conformance',
    test: true,
  },
} as const satisfies Record<string, GoBuild>;

const all = { ...builds, ...onDemand };

export type ProgramName = keyof typeof all;

export const programDirectory = join(cacheRoot, 'bin');
export const programFile = (name: ProgramName): string => `${name}-${all[name].version}`;

/** Path of a program: always in the cache. */
export const programPath = (name: ProgramName): string => join(programDirectory, programFile(name));

/** Takes what `$KUBEBUILDER_ASSETS` (envtest's convention) has in the right version. */
async function adopt(name: ProgramName): Promise<boolean> {
  const given = join(process.env.KUBEBUILDER_ASSETS ?? '/nonexistent', name);
  if (!existsSync(given)) return false;
  const version =
    (await attempt([given, ...(name === 'kubectl' ? ['version', '--client'] : ['--version'])])) ?? '';
  if (!version.includes(`v${all[name].version}`)) return false;
  copyFileSync(given, `${programPath(name)}.${process.pid}`);
  renameSync(`${programPath(name)}.${process.pid}`, programPath(name));
  return true;
}

/** Builds what is missing, one after the other: each build uses all cores. */
export async function ensurePrograms(progress: Progress): Promise<void> {
  for (const name of Object.keys(builds) as (keyof typeof builds)[]) await ensureProgram(name, progress);
}

export async function ensureProgram(name: ProgramName, progress: Progress): Promise<void> {
  mkdirSync(programDirectory, { recursive: true });
  if (existsSync(programPath(name)) || (await adopt(name))) return;
  await progress.step(`build ${name}`, () => build(name), all[name].estimate);
}

async function build(name: ProgramName): Promise<void> {
  const { module, package: path, ldflags, test }: GoBuild = all[name];
  const target = programPath(name);
  const partial = `${target}.${process.pid}`;
  const command = test === true ? ['test', '-c', '-vet=off'] : ['build'];
  await run(['go', ...command, '-trimpath', '-ldflags', ldflags, '-o', partial, path], {
    cwd: join(sourceRoot, 'lab', 'tools', module),
    environment: { CGO_ENABLED: '0' },
  });
  renameSync(partial, target);
}

const packages = [
  'buildah',
  'conntrack',
  'containerd',
  'containernetworking-plugins',
  'curl',
  'etcd-server',
  'ethtool',
  'iproute2',
  'iputils-arping',
  'iputils-ping',
  'libfaketime',
  'libtcmalloc-minimal4',
  'mmdebstrap',
  'nftables',
  'openssl',
  'openvswitch-switch',
  'procps',
  'redis-server',
  'runc',
  'tcpdump',
] as const;

const installed = async (name: string): Promise<boolean> =>
  (await attempt(['dpkg-query', '-W', '-f=${db:Status-Status}', name])) === 'installed';

/** Installs what the lab needs of Debian. */
export const ensurePackages = (progress: Progress): Promise<void> => ensureDebian(packages, progress);

/** Installs missing Debian packages without starting their services (policy-rc.d, Debian's own switch for it). */
export async function ensureDebian(packages: readonly string[], progress: Progress): Promise<void> {
  const states = await Promise.all(packages.map(async (name) => ((await installed(name)) ? [] : [name])));
  const missing = states.flat();
  if (missing.length === 0) return;
  await progress.step(
    `install ${missing.join(' ')}`,
    async () => {
      const policy = '/usr/sbin/policy-rc.d';
      const ours = !existsSync(policy);
      if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
      try {
        await run(['apt-get', 'update']);
        await run(['apt-get', 'install', '-y', '--no-install-recommends', ...missing], {
          environment: { DEBIAN_FRONTEND: 'noninteractive' },
        });
      } finally {
        if (ours) rmSync(policy);
      }
    },
    'about 1 min',
  );
}
