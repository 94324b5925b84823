import { preamble } from './preamble.lua.js';

/**
 * Guards the entry of everybody else, and a later one of the caller's own: only the very epoch that the caller closed
 * is given back. The epoch stays, so that the next one is higher.
 *
 * ARGV: 2 gateway, 3 slot, 4 epoch.
 */
export const release = `${preamble}
local entry = read(ARGV[3])
if not entry or entry.holder ~= ARGV[2] or entry.epoch ~= tonumber(ARGV[4]) then return 0 end
write(ARGV[3], entry.epoch, 1, entry.holder)
return 1
`;
