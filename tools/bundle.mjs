// Puts together what goes into the image: the files of each process, the supervisor, Node itself, and the load tests; and
// sluicectl in one file.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist', 'image');
const apps = [
  { app: 'controller', from: 'apps/controller', name: 'controller', dir: target },
  { app: 'gateway', from: 'apps/gateway', name: 'gateway', dir: target },
  { app: 'agent', from: 'apps/agent', name: 'agent', dir: target },
  { app: 'cli', from: 'apps/cli', name: 'sluicectl', dir: join(root, 'dist') },
  { app: 'load', from: 'load-tests', name: 'load', dir: target },
];

// NestJS looks for these and does without them.
const optional = /^(@nestjs\/(microservices|websockets|platform-[a-z]+)|class-(transformer|validator))(\/|$)/;

// The record of moves is the gateway's: an agent never asks for it, and does not carry BullMQ.
const ofGateways = /bull-move-queue\.js$/;

// A native half cannot be put into a bundle: koffi is loaded from beside it, and only where the kernel's connections are.
const native = /^koffi$/;

// Every node keeps the text of its process in memory; names stay, for stack traces and NestJS go by them.
const withoutSpace = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

// V8 keeps a text in one byte a character only where Node hands it plain ASCII: half the memory.
const asciiOnly = (text) =>
  text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

for (const { app, from, name, dir } of apps) {
  const bundle = await rolldown({
    input: { [name]: join(root, 'dist', from, 'src', 'main.js') },
    platform: 'node',
    external: (id) => optional.test(id) || native.test(id) || (app === 'agent' && ofGateways.test(id)),
    // Its ES modules, because what is not used of them is left out.
    resolve: { alias: { bullmq: 'bullmq/dist/esm/index.js' } },
    logLevel: 'warn',
    onLog: (level, log, handler) => {
      if (log.code !== 'UNRESOLVED_IMPORT') handler(level, log);
    },
  });
  const { output } = await bundle.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: `${app}-[name].mjs`,
    // BullMQ as a file of its own: V8 needs 10 MB more to read everything in one.
    codeSplitting: app === 'gateway',
    minify: withoutSpace,
  });
  await bundle.close();
  for (const { fileName, code } of output) writeFileSync(join(dir, fileName), asciiOnly(code));
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

for (const file of ['supervise', 'ovs-run', 'ovs-vswitchd-kept'])
  copyFileSync(join(root, 'deploy', 'images', file), join(target, file));
