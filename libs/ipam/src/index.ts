export { allocateFamily, allocatePair, allocateSingle, type Taken } from './allocate.js';
export { freeId, idLimits, type IdKind } from './ids.js';
export {
  blocksOf,
  capacity,
  contains,
  firstFree,
  overlap,
  parseRanges,
  type RangeText,
  withoutAll,
} from './ranges.js';
export { leastLoadedSlot, orderSlots, type PlannedSlot, planSlots } from './slots.js';
export { type SlotCandidate } from './takeover.js';
