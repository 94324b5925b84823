import base from '../../jest.config.mjs';

/** End-to-end tests: one after the other, in the running lab. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/e2e'],
  testMatch: ['**/*.e2e.ts'],
  testTimeout: 600_000,
  maxWorkers: 1,
  // A test that failed may leave a program in the lab running; the report must not wait for it.
  forceExit: true,
};
