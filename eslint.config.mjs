import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The layer rules of ARCHITECTURE.md: each lib and the libs that it may import. Everything else is refused. */
const layers = {
  core: [],
  ovs: [],
  netlink: ['core'],
  nft: ['core'],
  kube: ['core'],
  ipam: ['core'],
  coordination: ['core'],
  model: ['core', 'kube', 'ipam'],
  datapath: ['core', 'ovs', 'model', 'nft', 'netlink'],
  runtime: ['core'],
  node: ['core', 'ovs', 'netlink', 'nft', 'kube', 'model', 'datapath', 'coordination'],
};
/** Pure libs: no IO, no framework, no clock. */
const pure = ['ipam', 'model', 'datapath'];

const lib = (...name) => ({ element: { type: 'lib', captured: { name } } });
const npm = (...source) => ({ to: { module: { origin: 'external', source } } });

export default defineConfig(
  { ignores: ['dist/**', 'coverage/**', 'node_modules/**'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'max-params': ['error', 4],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { project: 'tsconfig.json' } },
      'boundaries/elements': [
        { type: 'app', pattern: 'apps/*', capture: ['name'] },
        { type: 'lib', pattern: 'libs/*', capture: ['name'] },
      ],
    },
    rules: {
      'boundaries/no-unknown-dependencies': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkAllOrigins: true,
          policies: [
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            { from: { element: { type: 'app' } }, allow: { to: { element: { type: 'lib' } } } },
            ...Object.entries(layers)
              .filter(([, below]) => below.length > 0)
              .map(([name, below]) => ({ from: lib(name), allow: { to: lib(...below) } })),
            // The frame of the apps is known to one adapter, which says so in its name: libs/runtime/src/nest-process.ts.
            {
              from: lib(...Object.keys(layers).filter((name) => name !== 'runtime')),
              disallow: npm('@nestjs/**', 'rxjs', 'reflect-metadata'),
            },
            {
              from: lib('ovs', ...pure),
              disallow: npm('@kubernetes/**', 'bullmq', 'ioredis', 'undici', 'netlink'),
            },
            { from: lib(...pure), disallow: { to: { module: { origin: 'core' } } } },
          ],
        },
      ],
    },
  },
  { files: ['**/*.spec.ts'], rules: { 'boundaries/dependencies': 'off' } },
  prettier,
);
