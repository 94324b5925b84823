export * from './store.js';
export { type SlotTimes, slotTimes } from './constants.js';
export { checkTimes } from './inequalities.js';
export {
  type AlarmKind,
  type Modification,
  type MoveStep,
  type SlotEffect,
  type TakeReason,
} from './protocol/effects.js';
export { type Duty, type SlotEvent } from './protocol/events.js';
export { type MachineSettings } from './protocol/context.js';
export { type GateForm, type GateState, type GateTable } from './protocol/gate-form.js';
export { SlotMachine } from './protocol/machine.js';
export { type RedisOptions } from './redis/redis-link.js';
export { type HostAndPort, type RedisSettings, redisTarget } from './redis/redis-target.js';
export { RedisSlotStore, type RedisSlotStoreOptions } from './redis/redis-slot-store.js';
export { type AuditFinding, type AuditFindingKind, type RecordedSlot } from './queue/audit.js';
export { Incidents } from './queue/incidents.js';
export { type Incident, type IncidentRecord, type Move, type MoveReason } from './queue/move.js';
export {
  type MoveHistory,
  type MoveQueue,
  type MoveQueueOptions,
  openMoveQueue,
  type QueueReports,
} from './queue/move-queue.js';
