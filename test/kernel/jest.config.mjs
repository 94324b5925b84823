/** What only the kernel datapath shows: npm run test:kernel, which runs it in the lab's kernel lane. */
import base from '../../jest.config.mjs';

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/kernel'],
  testMatch: ['**/*.e2e.ts'],
  testTimeout: 120_000,
  // /tmp of the lane is its own; nothing of it is left.
  cacheDirectory: '/dev/shm/jest',
  // A test that failed may leave a cluster behind, which ends with the kernel; the report must not wait for it.
  forceExit: true,
};
