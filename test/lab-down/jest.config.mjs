import base from '../../jest.config.mjs';

/** What `lab down` leaves behind: nothing. Runs last, since it takes the lab down. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/lab-down'],
  testMatch: ['**/*.e2e.ts'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
