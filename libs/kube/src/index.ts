export * from './object.js';
export { findCondition, isTrue, setCondition } from './crd/condition.js';
export { type Condition, type ConditionStatus, type NextCondition } from './crd/condition.js';
export { crdGroup, crdVersion } from './crd/definition.js';
export * from './crd/egress-address.js';
export * from './crd/egress-gateway.js';
export * from './crd/egress-pool.js';
export * from './crd/reasons.js';
export { renderCrdReference } from './crd/reference.js';
export { crdObjects, renderCrds } from './crd/render.js';
export * from './client.js';
export {
  inClusterConfig,
  loadClusterConfig,
  type ClusterConfig,
  type ConfigSource,
  type TokenSource,
} from './cluster-config.js';
export {
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  KubeRefusedError,
  type StatusBody,
} from './errors.js';
export { readKubeconfig } from './kubeconfig.js';
export * from './resources.js';
export { type TransportOptions } from './transport.js';
export { type WatchEvent } from './watch-stream.js';
export { EventRecorder, type EventRecorderOptions, type NewEvent } from './event-recorder.js';
export {
  LeaderElection,
  type LeaderElectionOptions,
  LeaseRenewal,
  type LeaseRenewalOptions,
} from './lease.js';
export { type ChangeListener, ObjectStore, type Store } from './object-store.js';
export { Reflector, type ReflectorOptions, type ReflectorState } from './reflector.js';
