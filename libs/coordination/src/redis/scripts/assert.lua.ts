import { preamble } from './preamble.lua.js';

/**
 * Guards a later holder against one that speaks late: the entry is written only if it is missing or older than what the
 * caller holds.
 *
 * ARGV: 2 gateway, 3 slot, 4 own epoch.
 */
export const assert = `${preamble}
local entry = read(ARGV[3])
local mine = tonumber(ARGV[4])
if entry and entry.epoch >= mine then
  if entry.holder == ARGV[2] and not entry.released then return { 'asserted', string.format('%.0f', entry.epoch) } end
  return { 'superseded', entry.text }
end
local epoch = nextEpoch(entry and entry.epoch or 0, mine + 1)
write(ARGV[3], epoch, 0, ARGV[2])
return { 'asserted', string.format('%.0f', epoch) }
`;
