/**
 * The atomic steps of the store, in Lua. A slot is a field of one hash: `epoch:released:holder`. Every script begins by
 * writing the mark if it is missing, so that nobody takes a wiped store for the one that it knew.
 *
 * KEYS: 1 mark, 2 slots, 3 the caller's lease. ARGV: 1 a fresh mark, then the operation's own.
 */

const preamble = `
local mark = redis.call('GET', KEYS[1])
if not mark then mark = ARGV[1] redis.call('SET', KEYS[1], mark) end
local function read(slot)
  local text = redis.call('HGET', KEYS[2], slot)
  if not text then return nil end
  local epoch, released, holder = string.match(text, '^(%d+):([01]):(.+)$')
  if not epoch then return nil end
  return { epoch = tonumber(epoch), released = released == '1', holder = holder, text = text }
end
local function write(slot, epoch, released, holder)
  redis.call('HSET', KEYS[2], slot, string.format('%.0f:%s:%s', epoch, released, holder))
end
local function nextEpoch(stored, floor)
  local time = redis.call('TIME')
  return math.max(stored + 1, floor, time[1] * 1000 + math.floor(time[2] / 1000))
end
`;

/** ARGV: 2 incarnation, 3 lease in ms. KEYS from 4 on: own renewals, then lease and renewals of each observed gateway. */
export const renew = `${preamble}
local held = redis.call('GET', KEYS[3])
if held and held ~= ARGV[2] then return { 'foreign', held } end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
redis.call('INCR', KEYS[4])
local others = {}
for i = 5, #KEYS do others[#others + 1] = redis.call('GET', KEYS[i]) or '' end
return { 'renewed', mark, others, redis.call('HGETALL', KEYS[2]) }
`;

/**
 * ARGV: 2 incarnation, 3 lease in ms, 4 gateway, 5 slot, 6 epoch read, 7 mark, 8 floor, 9 prefix of leases.
 * The holder's lease is a key that only the stored entry names; all keys have one hash tag, so they are on one node.
 */
export const claim = `${preamble}
local entry = read(ARGV[5])
local function refuse(reason) return { 'refused', reason, entry and entry.text or '' } end
if mark ~= ARGV[7] then return refuse('mark') end
if redis.call('GET', KEYS[3]) ~= ARGV[2] then return refuse('no-lease') end
if entry and entry.holder == ARGV[4] and not entry.released then
  redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
  return { 'claimed', string.format('%.0f', entry.epoch) }
end
if (entry and entry.epoch or 0) ~= tonumber(ARGV[6]) then return refuse('epoch') end
if entry and not entry.released and redis.call('EXISTS', ARGV[9] .. entry.holder) == 1 then return refuse('held') end
local epoch = nextEpoch(entry and entry.epoch or 0, tonumber(ARGV[8]))
write(ARGV[5], epoch, 0, ARGV[4])
return { 'claimed', string.format('%.0f', epoch) }
`;

/** ARGV: 2 gateway, 3 slot, 4 own epoch. */
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

/** ARGV: 2 gateway, 3 slot, 4 epoch. */
export const release = `${preamble}
local entry = read(ARGV[3])
if not entry or entry.holder ~= ARGV[2] or entry.epoch ~= tonumber(ARGV[4]) then return 0 end
write(ARGV[3], entry.epoch, 1, entry.holder)
return 1
`;

/** ARGV: 2 gateway, 3 slot, 4 epoch, 5 successor. */
export const handOver = `${preamble}
local entry = read(ARGV[3])
if not entry or entry.holder ~= ARGV[2] or entry.released or entry.epoch ~= tonumber(ARGV[4]) then
  return { 'refused', entry and entry.text or '' }
end
local epoch = nextEpoch(entry.epoch, 0)
write(ARGV[3], epoch, 0, ARGV[5])
return { 'handed-over', string.format('%.0f', epoch) }
`;
