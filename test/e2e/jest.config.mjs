import base from '../../jest.config.mjs';

/** End-to-end tests: one after the other, in the running lab. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/e2e'],
  testMatch: ['**/*.e2e.ts'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
