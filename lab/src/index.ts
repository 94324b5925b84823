/** The lab as a library, for tests and measurements. */
export {
  commandOn,
  fail,
  faults,
  heal,
  isCommon,
  nodeOf,
  type CommonFault,
  type Fault,
  type Manner,
} from './faults.js';
export { switchNamespace } from './topology.js';
export { labStatus, type LabStatus } from './status.js';
export { type LabPlan, type NodePlan } from './plan.js';
export { existingLab } from './state.js';
