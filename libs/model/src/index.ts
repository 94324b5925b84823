export * from './intent.js';
export * from './cluster-plan.js';
export * from './world.js';
