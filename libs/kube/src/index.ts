export * from './object.js';
export { findCondition, isTrue, setCondition } from './crd/condition.js';
export { type Condition, type ConditionStatus, type NextCondition } from './crd/condition.js';
export { crdGroup, crdVersion } from './crd/definition.js';
export * from './crd/egress-address.js';
export * from './crd/egress-gateway.js';
export * from './crd/egress-pool.js';
export * from './crd/reasons.js';
