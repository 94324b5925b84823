// `npm ci` refuses a lock without the optional packages of other platforms, which a registry that lacks them leaves out.
// Adds each missing exact optional dependency with its version and with the platform that its name ends in, without which
// npm would try to install it everywhere. Run it after every `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));

// As Rust's targets are written by napi-rs and others: core-linux-arm64-gnu, binding-wasm32-wasi.
const platform =
  /-(?<os>aix|android|darwin|freebsd|linux|openbsd|openharmony|win32)-(?<cpu>[a-z0-9]+)(-(?<abi>[a-z]+))?$/;

/** os, cpu and libc as the packages' own package.json would say. */
function platformOf(name) {
  if (/-wasm32-wasi$/.test(name)) return { cpu: ['wasm32'] };
  const { os, cpu, abi = '' } = platform.exec(name)?.groups ?? {};
  if (os === undefined) return {};
  const libc = abi.startsWith('musl') ? 'musl' : 'glibc';
  return { cpu: [cpu], os: [os], ...(os === 'linux' && abi !== '' ? { libc: [libc] } : {}) };
}

const isBare = ({ integrity, os, cpu, optional }) => optional && !(integrity ?? os ?? cpu);
let changed = 0;

for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (!/^\d/.test(version)) continue;
    const places = [`${path}/node_modules/${name}`.replace(/^\//, ''), `node_modules/${name}`];
    const place = places.find((candidate) => lock.packages[candidate] !== undefined);
    if (place !== undefined && !isBare(lock.packages[place])) continue;
    const entry = { version, ...platformOf(name), optional: true };
    const target = place ?? `node_modules/${name}`;
    if (JSON.stringify(lock.packages[target]) === JSON.stringify(entry)) continue;
    lock.packages[target] = entry;
    changed++;
  }
}

if (changed > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
console.log(`${changed} entries filled in`);
