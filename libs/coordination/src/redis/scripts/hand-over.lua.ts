import { preamble } from './preamble.lua.js';

/**
 * Guards a planned move: the holder, and nobody else, names its successor, and only for the epoch that it still holds.
 *
 * ARGV: 2 gateway, 3 slot, 4 epoch, 5 successor.
 */
export const handOver = `${preamble}
local entry = read(ARGV[3])
if not entry or entry.holder ~= ARGV[2] or entry.released or entry.epoch ~= tonumber(ARGV[4]) then
  return { 'refused', entry and entry.text or '' }
end
local epoch = nextEpoch(entry.epoch, 0)
write(ARGV[3], epoch, 0, ARGV[5])
return { 'handed-over', string.format('%.0f', epoch) }
`;
