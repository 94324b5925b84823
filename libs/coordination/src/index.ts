export * from './store.js';
export { type SlotTimes, slotTimes } from './constants.js';
export { checkTimes } from './inequalities.js';
export { type AlarmKind, type Modification, type SlotEffect, type TakeReason } from './protocol/effects.js';
export { type Duty, type SlotEvent } from './protocol/events.js';
export { type MachineSettings } from './protocol/context.js';
export { type GateForm, type GateState, type GateTable } from './protocol/gate-form.js';
export { SlotMachine } from './protocol/machine.js';
export { RedisSlotStore, type RedisSlotStoreOptions } from './redis/redis-slot-store.js';
