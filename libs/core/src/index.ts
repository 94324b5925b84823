export * from './clock.js';
export * from './error-codes.js';
export * from './errors.js';
export * from './ip.js';
export * from './logger.js';
export * from './program.js';
export { Runner, type RunnerOptions } from './runner.js';
export { Timers } from './timers.js';
