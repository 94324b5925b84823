export * from './conntrack/index.js';
export * from './host-network.js';
export { type DesiredNetwork, type HostOwnership, type NeighbourChange } from './host-difference.js';
export * from './host-state.js';
export { type HostStep, type RouteIdentity, type StepFailure } from './host-step.js';
export { KernelNetwork, type KernelNetworkOptions } from './kernel-network.js';
export * from './shapes.js';
