export * from './store.js';
export { type SlotTimes, slotTimes } from './constants.js';
