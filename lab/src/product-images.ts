/** Sluice's own images, from the same files that users build them from. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from './digest.js';
import { type ImageSource } from './images.js';
import { sourceRoot } from './programs.js';

export const productVersion = '0.1.0';

const context = join(sourceRoot, 'dist', 'image');

/** None before `npm run build` has put together what goes into them. */
export function productImages(): readonly ImageSource[] {
  if (!existsSync(context)) return [];
  return [image('sluice', 'sluice.Containerfile'), image('sluice-ovs', 'ovs.Containerfile')];
}

/** The Open vSwitch image depends on its own scripts only: a change of Sluice must not restart Open vSwitch. */
const contents = {
  sluice: ['controller.mjs', 'gateway.mjs', 'agent.mjs', 'supervise', 'node', 'node_modules'],
  'sluice-ovs': ['ovs-run', 'supervise'],
} as const;

const image = (name: keyof typeof contents, file: string): ImageSource => ({
  name: `docker.io/library/${name}:${productVersion}`,
  containerfile: join(sourceRoot, 'deploy', 'images', file),
  context,
  arguments: { VERSION: productVersion },
  digest: digestOf(...contents[name].map((part) => join(context, part))),
  estimate: '30 s',
});
