/**
 * The kernel of the kernel lane: Debian's source of a kernel that has what the host's may lack (openvswitch, geneve,
 * SCTP), built for User Mode Linux, which needs neither privileges nor virtualisation. Built once, kept in the cache.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { run } from '../command.js';
import { digestOf } from '../digest.js';
import { type Progress } from '../progress.js';
import { cacheRoot, ensureDebian, sourceRoot } from '../programs.js';

const source = 'linux-source-7.3';
const suite = 'deb http://deb.debian.org/debian trixie-backports main';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const buildPackages = ['bc', 'bison', 'flex', 'gcc', 'libelf-dev', 'libssl-dev', 'make', 'xz-utils'] as const;

const config = join(sourceRoot, 'lab', 'uml', 'kernel.config');
const directory = join(cacheRoot, 'uml');

/** Path of the kernel; another configuration is another file. */
export const kernelPath = (): string => join(directory, `${source}-${digestOf(config).slice(0, 12)}`);

export async function ensureKernel(progress: Progress): Promise<string> {
  const target = kernelPath();
  if (existsSync(target)) return target;
  await ensureDebian(buildPackages, progress);
  mkdirSync(directory, { recursive: true });
  const archive = await progress.step(`download ${source}`, download, '170 MB');
  await progress.step('build the kernel', () => build(archive, target), '5 to 10 min');
  return target;
}

/**
 * The suite is known to this one download only: apt is given lists of its own, so no package of the host can ever come
 * from it. A pin could not promise more.
 */
async function download(): Promise<string> {
  const apt = join(directory, 'apt');
  for (const part of ['lists/partial', 'archives/partial', 'packages'])
    mkdirSync(join(apt, part), { recursive: true });
  const list = join(apt, 'sources.list');
  writeFileSync(list, suite.replace('deb ', `deb [signed-by=${keyring}] `) + '\n');
  const options = [
    `Dir::Etc::SourceList=${list}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${join(apt, 'lists')}`,
    `Dir::Cache::Archives=${join(apt, 'archives')}`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const packages = join(apt, 'packages');
  await run(['apt-get', ...options, 'update']);
  await run(['apt-get', ...options, 'download', source], { cwd: packages });
  const archive = readdirSync(packages).find((name) => name.startsWith(`${source}_`));
  if (archive === undefined) throw new Error(`apt-get gave no ${source}`);
  return join(packages, archive);
}

async function build(archive: string, target: string): Promise<void> {
  const tree = join(directory, `build-${process.pid}`);
  mkdirSync(tree);
  try {
    await run(['dpkg-deb', '--extract', archive, tree]);
    await run(['tar', '--extract', '--file', join(tree, 'usr', 'src', `${source}.tar.xz`)], { cwd: tree });
    const cwd = join(tree, source);
    const make = (...words: readonly string[]) => run(['make', '--silent', 'ARCH=um', ...words], { cwd });
    await make('defconfig');
    await run(['scripts/kconfig/merge_config.sh', '-m', '.config', config], {
      cwd,
      environment: { ARCH: 'um' },
    });
    await make('olddefconfig');
    await make(`--jobs=${cpus().length}`, 'linux');
    copyFileSync(join(cwd, 'linux'), `${target}.${process.pid}`);
    renameSync(`${target}.${process.pid}`, target);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
