import { preamble } from './preamble.lua.js';

/**
 * Guards against a claim that was decided on what is no longer so: another mark (the store was wiped or is another
 * one), another epoch (somebody claimed since), a caller without its lease, a holder that lives. A caller that already
 * holds the slot is confirmed: only its lease is renewed.
 *
 * ARGV: 2 incarnation, 3 lease in ms, 4 gateway, 5 slot, 6 epoch read, 7 mark, 8 floor, 9 prefix of leases.
 * The holder's lease is a key that only the stored entry names; all keys have one hash tag, so they are on one node.
 */
export const claim = `${preamble}
local entry = read(ARGV[5])
local function refuse(reason) return { 'refused', reason, entry and entry.text or '' } end
if mark ~= ARGV[7] then return refuse('mark') end
if ask('GET', KEYS[3]) ~= ARGV[2] then return refuse('no-lease') end
if entry and entry.holder == ARGV[4] and not entry.released then
  ask('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
  return { 'claimed', string.format('%.0f', entry.epoch) }
end
if (entry and entry.epoch or 0) ~= tonumber(ARGV[6]) then return refuse('epoch') end
if entry and not entry.released and ask('EXISTS', ARGV[9] .. entry.holder) == 1 then return refuse('held') end
local epoch = nextEpoch(entry and entry.epoch or 0, tonumber(ARGV[8]))
write(ARGV[5], epoch, 0, ARGV[4])
return { 'claimed', string.format('%.0f', epoch) }
`;
