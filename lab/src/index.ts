/** The lab as a library, for tests and measurements. */
export { commandOn, fail, faults, heal, nodeOf, type Fault, type Manner } from './faults.js';
export { type LabPlan, type NodePlan } from './plan.js';
export { existingLab } from './state.js';
