/** Unit, codec, flow and conformance specs run natively as ES modules; swc only strips the types. */
export default {
  testEnvironment: 'node',
  // Machines are noisy: a deadline is for what hangs, not for what is slow.
  testTimeout: 60_000,
  roots: ['libs', 'apps', 'lab', 'bench', 'load-tests', 'deploy', 'tools', 'test'].map(
    (folder) => `<rootDir>/${folder}`,
  ),
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2024',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  moduleNameMapper: {
    '^@sluice/lab$': '<rootDir>/lab/src/index.ts',
    '^@sluice/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
