// Puts together what goes into the image: one file for each process, the supervisor, and Node itself; and sluicectl in one file.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist', 'image');
const files = {
  controller: join(target, 'controller.mjs'),
  gateway: join(target, 'gateway.mjs'),
  agent: join(target, 'agent.mjs'),
  cli: join(root, 'dist', 'sluicectl.mjs'),
};

// NestJS looks for these and does without them.
const optional = /^(@nestjs\/(microservices|websockets|platform-[a-z]+)|class-(transformer|validator))(\/|$)/;

// Every node keeps the text of its process in memory; names stay, for stack traces and NestJS go by them.
const withoutSpace = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

for (const [app, file] of Object.entries(files)) {
  const bundle = await rolldown({
    input: join(root, 'dist', 'apps', app, 'src', 'main.js'),
    platform: 'node',
    external: (id) => optional.test(id),
    logLevel: 'warn',
    onLog: (level, log, handler) => {
      if (log.code !== 'UNRESOLVED_IMPORT') handler(level, log);
    },
  });
  await bundle.write({
    file,
    format: 'esm',
    codeSplitting: false,
    minify: withoutSpace,
  });
  await bundle.close();
}

const require = createRequire(import.meta.url);
const platform = `node-linux-${process.arch}`;
copyFileSync(join(dirname(require.resolve(`${platform}/package.json`)), 'bin', 'node'), join(target, 'node'));
for (const file of ['supervise', 'ovs-run', 'ovs-vswitchd-kept'])
  copyFileSync(join(root, 'deploy', 'images', file), join(target, file));
