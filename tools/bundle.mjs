// Puts together what goes into the image: one file for each process, the supervisor, and Node itself.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist', 'image');
const apps = ['controller', 'gateway', 'agent'];

// NestJS looks for these and does without them.
const optional = /^(@nestjs\/(microservices|websockets|platform-[a-z]+)|class-(transformer|validator))(\/|$)/;

// A native half cannot be put into a bundle: koffi is loaded from beside it, and only where the kernel's connections are.
const native = /^koffi$/;

// Every node keeps the text of its process in memory; names stay, for stack traces and NestJS go by them.
const withoutSpace = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

for (const app of apps) {
  const bundle = await rolldown({
    input: join(root, 'dist', 'apps', app, 'src', 'main.js'),
    platform: 'node',
    external: (id) => optional.test(id) || native.test(id),
    logLevel: 'warn',
    onLog: (level, log, handler) => {
      if (log.code !== 'UNRESOLVED_IMPORT') handler(level, log);
    },
  });
  await bundle.write({
    file: join(target, `${app}.mjs`),
    format: 'esm',
    codeSplitting: false,
    minify: withoutSpace,
  });
  await bundle.close();
}

const require = createRequire(import.meta.url);
const platform = `node-linux-${process.arch}`;
copyFileSync(join(dirname(require.resolve(`${platform}/package.json`)), 'bin', 'node'), join(target, 'node'));

const koffi = dirname(require.resolve('koffi'));
for (const [from, files] of [
  [koffi, ['package.json', 'LICENSE.txt', 'index.js', 'src/koffi/index.js', 'src/koffi/src/static.js']],
  [join(koffi, '..', '@koromix', `koffi-linux-${process.arch}`), undefined],
]) {
  const to = join(target, 'node_modules', relative(join(koffi, '..'), from));
  for (const file of files ?? readdirSync(from).filter((name) => !name.startsWith('musl')))
    cpSync(join(from, file), join(to, file), { recursive: true });
}

for (const file of ['supervise', 'ovs-run'])
  copyFileSync(join(root, 'deploy', 'images', file), join(target, file));
