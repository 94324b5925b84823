/** The lab as a library, for tests and measurements. */
export {
  commandOn,
  fail,
  faults,
  heal,
  healCommon,
  isCommon,
  nodeOf,
  processesOf,
  type CommonFault,
  type Fault,
  type Manner,
  type NodeFault,
} from './faults.js';
export { inCgroup } from './cgroups.js';
export { until } from './command.js';
export { dualFrames, type Frame } from './observe/holders.js';
export {
  allLanes,
  crowdLanes,
  type LaneReport,
  lanesOf,
  Traffic,
  type TrafficReport,
} from './observe/traffic.js';
export { undisturbed } from './observe/stalls.js';
export { podNetwork, podProcesses, residentMb } from './observe/pod-processes.js';
export { askStore, gatewaysAreReached } from './observe/store.js';
export { Witness } from './observe/witness.js';
export { holdDownSeconds } from './install.js';
export { labStatus, type LabStatus } from './status.js';
export { commandOf, parentOf, processes } from './process-table.js';
export { type LabPlan, type NodePlan } from './plan.js';
export { ensureDebian, ensureProgram, programPath } from './programs.js';
export { terminalProgress } from './progress.js';
export { clusterCidrs, type Family, hostPort, type Pair, statusPorts } from './plan.js';
export { existingLab } from './state.js';
export { type Host } from './uml/cluster/host.js';
export { families, gatewayAddresses, KernelCluster, outsideAddresses } from './uml/cluster/cluster.js';
export { nodePorts, podAddresses, podCidrs, targetPorts } from './uml/cluster/objects.js';
export { ensureKernel } from './uml/kernel.js';
export { runInUml } from './uml/run.js';
