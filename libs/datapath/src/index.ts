export {
  type GateEntry,
  type GateForm,
  gateCookie,
  gateEntryOf,
  gateFlow,
  gateKey,
  gateSeconds,
} from './gate/entry.js';
export * from './config.js';
export * from './desired.js';
export { type CompiledDesired } from './compiler/compiled.js';
export { Compiler, compile } from './compiler/compiler.js';
export {
  type Change,
  type HostChange,
  type ListChange,
  type OpenFlowChange,
  isEmpty,
  isEmptyOpenFlow,
} from './diff/change.js';
export { type Installed, diff, diffInstalled, fromBare, isBare } from './diff/diff.js';
export { type SetElement, agentTableName } from './host/agent-nft.js';
export { gatewayTableName } from './host/gateway-nft.js';
export { cookieOwners, describeCookie } from './layout/cookies.js';
export {
  bridgeName,
  ofports,
  podPortName,
  probeAddress,
  slowPortName,
  tunnelIds,
  tunnelName,
  tunnelNode,
  tunnelPort,
} from './layout/ids.js';
export { renderPipeline } from './pipeline/render.js';
export { tableIds } from './pipeline/table-ids.js';
export * from './trace/packet.js';
export { Conntrack } from './trace/conntrack.js';
export { type Delivery, type TraceResult, Tracer, trace } from './trace/tracer.js';
