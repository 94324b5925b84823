/** The lab as a library, for tests and measurements. */
export {
  commandOn,
  fail,
  faults,
  heal,
  nodeOf,
  processesOf,
  type CommonFault,
  type Fault,
  type Manner,
  type NodeFault,
} from './faults.js';
export { type LabPlan, type NodePlan } from './plan.js';
export { commandOf, parentOf, processes } from './process-table.js';
export { existingLab } from './state.js';
