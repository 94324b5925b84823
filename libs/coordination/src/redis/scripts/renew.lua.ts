import { preamble } from './preamble.lua.js';

/**
 * Guards the lease of a gateway against a second process of it: a foreign incarnation is refused and changes nothing.
 * The counter outlives the lease, so that an observer does not take two absences for one.
 *
 * ARGV: 2 incarnation, 3 lease in ms, 4 share of nodes heard. KEYS from 4 on: own renewals and share, then lease, renewals
 * and share of each observed gateway.
 */
export const renew = `${preamble}
local held = ask('GET', KEYS[3])
if held and held ~= ARGV[2] then return { 'foreign', held } end
ask('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
ask('INCR', KEYS[4])
ask('SET', KEYS[5], ARGV[4])
local others = {}
for i = 6, #KEYS do others[#others + 1] = ask('GET', KEYS[i]) or '' end
return { 'renewed', mark, others, ask('HGETALL', KEYS[2]) }
`;
