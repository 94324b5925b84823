/**
 * Images on the nodes. They are unpacked once, into a containerd root in the cache; a new node starts with a copy of that
 * root in which all files are hard links but for the databases. Content and layers never change in place: containerd
 * writes them anew and renames, and running containers write to layers of their own.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run, until } from './command.js';
import { type Image } from './images.js';
import { locked } from './lock.js';
import { type LabPlan } from './plan.js';
import { ensureRunning, failIfEnded, stop } from './processes.js';
import { type Progress } from './progress.js';
import { cacheRoot } from './programs.js';

const template = join(cacheRoot, 'containerd');
const listFile = 'lab-images.json';

type Installed = Readonly<Record<string, string>>;

/** Digests by image name of what was put into a containerd root. */
function installed(root: string): Installed {
  try {
    return JSON.parse(readFileSync(join(root, listFile), 'utf8')) as Installed;
  } catch {
    return {}; // nothing yet
  }
}

const missing = (root: string, images: readonly Image[]): readonly Image[] => {
  const have = installed(root);
  return images.filter(({ name, digest }) => have[name] !== digest);
};

const tries = 3;

/** containerd may throw a layer of the former image away while the next one, which shares it, is unpacked. */
async function importArchive(socket: string, archive: string): Promise<void> {
  const command = ['ctr', '--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive];
  for (let time = 1; time < tries; time++) if ((await attempt(command)) !== undefined) return;
  await run(command);
}

async function importInto(root: string, socket: string, images: readonly Image[]): Promise<void> {
  for (const { name, digest, archive } of missing(root, images)) {
    await importArchive(socket, archive);
    writeFileSync(join(root, `${listFile}.partial`), JSON.stringify({ ...installed(root), [name]: digest }));
    renameSync(join(root, `${listFile}.partial`), join(root, listFile));
  }
}

/** A containerd on the template alone, for the time of an import. */
async function importIntoTemplate(plan: LabPlan, images: readonly Image[]): Promise<void> {
  const state = join(plan.directory, 'image-store');
  const socket = join(state, 'containerd.sock');
  mkdirSync(state, { recursive: true });
  writeFileSync(
    join(state, 'config.toml'),
    `version = 2
root = "${template}"
state = "${state}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`,
  );
  const name = 'image-store';
  rmSync(socket, { force: true });
  ensureRunning(plan.directory, {
    name,
    command: ['/usr/bin/containerd', '--config', join(state, 'config.toml')],
  });
  try {
    await until('the image store to answer', async () => {
      failIfEnded(plan.directory, name);
      return (await attempt(['ctr', '--address', socket, 'version'])) !== undefined;
    });
    await importInto(template, socket, images);
  } finally {
    await stop(plan.directory, name);
  }
}

/** Unpacks what the template lacks. */
export async function ensureTemplate(
  plan: LabPlan,
  images: readonly Image[],
  progress: Progress,
): Promise<void> {
  await locked(join(cacheRoot, 'containerd.lock'), async () => {
    mkdirSync(template, { recursive: true });
    const names = missing(template, images).map(({ name }) => name.replace(/^.*\//, ''));
    if (names.length === 0) return;
    await progress.step(`unpack ${names.join(', ')}`, () => importIntoTemplate(plan, images), '10 s');
  });
}

/** Gives a node that has no containerd root yet a copy of the template. */
export async function installImages(root: string): Promise<void> {
  if (existsSync(root)) return;
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  // hard links need one file system; elsewhere it is an ordinary copy
  if ((await attempt(['cp', '-al', template, partial])) === undefined) {
    rmSync(partial, { recursive: true, force: true });
    await run(['cp', '-a', template, partial]);
  }
  const databases = (await run(['find', template, '-maxdepth', '2', '-type', 'f'])).trimEnd().split('\n');
  for (const file of databases) {
    const target = file.replace(template, partial);
    await run(['cp', '-a', '--remove-destination', file, target]);
  }
  renameSync(partial, root);
}

/** Brings the images of a node whose containerd runs up to date. Resolves to the names that changed. */
export async function updateImages(
  root: string,
  socket: string,
  images: readonly Image[],
): Promise<readonly string[]> {
  const changed = missing(root, images).map(({ name }) => name);
  if (changed.length > 0) await importInto(root, socket, images);
  return changed;
}
