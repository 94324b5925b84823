/**
 * Tests on whole nodes share two cores with them, and half a second without a core costs packets on any network. So a test
 * that fails runs once more, says why it failed, and counts as flaky: `make test` lists those (ADR 38). A second failure
 * is one.
 */
import { jest } from '@jest/globals';

jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true });
