import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(import.meta.dirname, 'lock-fill.mjs');
let directory: string;

type Packages = Readonly<Record<string, object>>;

function fill(packages: Packages): Packages {
  const file = join(directory, 'package-lock.json');
  writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }));
  execFileSync(process.execPath, [script], { cwd: directory });
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly packages: Packages }).packages;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-fill-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const parent = (optionalDependencies: Readonly<Record<string, string>>) => ({
  'node_modules/core': { version: '1.0.0', optionalDependencies },
});

it.each([
  ['core-darwin-arm64', { cpu: ['arm64'], os: ['darwin'] }],
  ['core-linux-x64-musl', { cpu: ['x64'], os: ['linux'], libc: ['musl'] }],
  ['core-linux-arm-gnueabihf', { cpu: ['arm'], os: ['linux'], libc: ['glibc'] }],
  ['core-win32-ia32-msvc', { cpu: ['ia32'], os: ['win32'] }],
  ['core-android-arm-eabi', { cpu: ['arm'], os: ['android'] }],
  ['core-wasm32-wasi', { cpu: ['wasm32'] }],
  ['core-plain', {}],
])('adds %s for its platform alone', (name, platform) => {
  expect(fill(parent({ [name]: '1.0.0' }))[`node_modules/${name}`]).toEqual({
    version: '1.0.0',
    ...platform,
    optional: true,
  });
});

it('keeps what npm wrote, completes what it did not, and leaves ranges to npm', () => {
  const written = { version: '1.0.0', integrity: 'sha512-x', os: ['linux'], cpu: ['x64'], optional: true };
  const before = {
    ...parent({ 'core-linux-x64': '1.0.0', 'core-darwin-x64': '1.0.0', fsevents: '^2.3.3' }),
    'node_modules/core-darwin-x64': { version: '1.0.0', optional: true },
    'node_modules/core-linux-x64': written,
  };
  expect(fill(before)).toEqual({
    ...before,
    'node_modules/core-darwin-x64': { version: '1.0.0', cpu: ['x64'], os: ['darwin'], optional: true },
  });
});

it('changes nothing the second time', () => {
  const once = fill(parent({ 'core-darwin-arm64': '1.0.0' }));
  expect(fill(once)).toEqual(once);
});
