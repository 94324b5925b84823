/** Sluice's own images, from the same files that users build them from. */
import { existsSync, readdirSync } from 'node:fs';
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
  sluice: (file: string) => file.endsWith('.mjs') || ['supervise', 'node', 'node_modules'].includes(file),
  'sluice-ovs': (file: string) => ['ovs-run', 'ovs-vswitchd-kept', 'supervise'].includes(file),
} as const;

const image = (name: keyof typeof contents, file: string): ImageSource => ({
  name: `docker.io/library/${name}:${productVersion}`,
  containerfile: join(sourceRoot, 'deploy', 'images', file),
  context,
  arguments: { VERSION: productVersion },
  digest: digestOf(
    ...readdirSync(context)
      .filter(contents[name])
      .sort()
      .map((part) => join(context, part)),
  ),
  estimate: '30 s',
});
