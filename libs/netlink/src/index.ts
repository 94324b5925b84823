export * from './host-network.js';
export { type HostStep, type StepFailure } from './host-step.js';
export * from './shapes.js';
