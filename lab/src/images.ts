/**
 * Container images without a registry: a Debian base made by mmdebstrap, and on it what the Containerfiles say, built by
 * buildah. Each image is one archive in the cache, named by the digest of everything that goes into it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { digestOfText } from './digest.js';
import { locked } from './lock.js';
import { type Progress } from './progress.js';
import { agnhostVersion, cacheRoot, programDirectory, programFile, sourceRoot } from './programs.js';
import { productImages } from './product-images.js';

export interface ImageSource {
  /** Full name with tag, as in manifests after normalisation. */
  readonly name: string;
  readonly containerfile: string;
  readonly context: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Changes whenever the result may change, besides the Containerfile, the arguments and the base. */
  readonly digest: string;
  readonly estimate: string;
}

export interface Image {
  readonly name: string;
  /** A docker-archive. */
  readonly archive: string;
  readonly digest: string;
}

export const pauseImage = 'docker.io/library/sluice-lab-pause:latest';
export const clientImage = 'docker.io/library/sluice-lab-client:latest';
const baseImage = 'localhost/sluice-lab-base:bookworm';

const imageDirectory = join(cacheRoot, 'images');
const labImage = (file: string): string => join(sourceRoot, 'lab', 'images', file);

/** mmdebstrap's options besides the suite: no documentation, no translations. */
const baseOptions = [
  '--variant=minbase',
  '--include=ca-certificates',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
];

function labImages(): readonly ImageSource[] {
  const common = { context: programDirectory, digest: '', estimate: '5 s' };
  return [
    {
      ...common,
      name: pauseImage,
      containerfile: labImage('pause.Containerfile'),
      arguments: { PAUSE: programFile('pause') },
    },
    {
      ...common,
      name: clientImage,
      containerfile: labImage('client.Containerfile'),
      arguments: { AGNHOST: programFile('agnhost'), TRAFFIC: programFile('traffic') },
      estimate: '30 s',
    },
  ];
}

/** buildah as root without user namespaces, with a storage of its own. */
const buildah = (...args: readonly string[]): readonly string[] => [
  'buildah',
  `--root=${join(cacheRoot, 'buildah', 'storage')}`,
  `--runroot=${join(cacheRoot, 'buildah', 'run')}`,
  '--storage-driver=overlay',
  ...args,
];

const hasImage = async (name: string): Promise<boolean> =>
  (await run(buildah('images', '--noheading', '--format={{.Name}}:{{.Tag}}'))).split('\n').includes(name);

async function ensureBase(progress: Progress): Promise<void> {
  const archive = join(imageDirectory, `base-${digestOfText(...baseOptions).slice(0, 16)}.tar`);
  if (!existsSync(archive)) {
    await progress.step(
      'make the Debian base image',
      async () => {
        await run(['mmdebstrap', ...baseOptions, 'bookworm', `${archive}.partial.tar`]);
        renameSync(`${archive}.partial.tar`, archive);
      },
      'about 40 s',
    );
  }
  if (await hasImage(baseImage)) return;
  await run(
    buildah(
      'build',
      '--isolation=chroot',
      '-t',
      baseImage,
      '-f',
      labImage('base.Containerfile'),
      '--build-arg',
      `BASE=${archive.split('/').at(-1) ?? ''}`,
      imageDirectory,
    ),
  );
}

async function buildImage(source: ImageSource, archive: string): Promise<void> {
  const args = Object.entries({ BASE: baseImage, ...source.arguments }).flatMap(([key, value]) => [
    '--build-arg',
    `${key}=${value}`,
  ]);
  await run(
    buildah(
      'build',
      '--isolation=chroot',
      '--layers',
      '--pull=never',
      '-t',
      source.name,
      '-f',
      source.containerfile,
      ...args,
      source.context,
    ),
  );
  rmSync(`${archive}.partial`, { force: true });
  await run(buildah('push', source.name, `docker-archive:${archive}.partial:${source.name}`));
  renameSync(`${archive}.partial`, archive);
}

function imageOf(source: ImageSource): Image {
  const digest = digestOfText(
    source.name,
    source.digest,
    readFileSync(source.containerfile, 'utf8'),
    JSON.stringify(source.arguments),
    ...baseOptions,
  ).slice(0, 16);
  const short = source.name.replace(/^.*\/|:.*$/g, '');
  return { name: source.name, digest, archive: join(imageDirectory, `${short}-${digest}.tar`) };
}

/** All images of the lab, built where their sources changed. */
export const ensureImages = (progress: Progress): Promise<readonly Image[]> =>
  ensureBuilt([...labImages(), ...productImages()], progress);

/** What Pods of the upstream tests run, by the name that these give it. */
export const ensureUpstreamImages = (progress: Progress): Promise<readonly Image[]> =>
  ensureBuilt(
    [
      {
        name: `registry.k8s.io/e2e-test-images/agnhost:${agnhostVersion}`,
        containerfile: labImage('agnhost.Containerfile'),
        context: programDirectory,
        arguments: { AGNHOST: programFile('agnhost') },
        digest: '',
        estimate: '20 s',
      },
    ],
    progress,
  );

async function ensureBuilt(sources: readonly ImageSource[], progress: Progress): Promise<readonly Image[]> {
  mkdirSync(imageDirectory, { recursive: true });
  return locked(join(cacheRoot, 'images.lock'), async () => {
    const images: Image[] = [];
    for (const source of sources) {
      const image = imageOf(source);
      images.push(image);
      if (existsSync(image.archive)) continue;
      await ensureBase(progress);
      await progress.step(
        `build image ${image.name}`,
        () => buildImage(source, image.archive),
        source.estimate,
      );
    }
    return images;
  });
}
