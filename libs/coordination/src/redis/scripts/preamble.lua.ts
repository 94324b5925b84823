/**
 * What every script begins with. A slot is a field of one hash: `epoch:released:holder`.
 *
 * KEYS: 1 mark, 2 slots, 3 the caller's lease. ARGV: 1 a fresh mark, then the operation's own.
 *
 * It guards three things: a wiped store is never taken for the one that was known (the mark is written by the first
 * script that finds it missing), an epoch is never given twice (`nextEpoch`: also not after a wipe or from an old
 * snapshot, because the store's clock has gone on), and an error names the key that it is about.
 * An entry that is not of our form counts as missing; epochs of more than 15 digits would leave the exact integers of
 * Lua and of JavaScript (2^53) and are not ours either.
 */
export const preamble = `
local function ask(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then error({ err = reply.err .. ' (key ' .. key .. ')' }) end
  return reply
end
local mark = ask('GET', KEYS[1])
if not mark then mark = ARGV[1] ask('SET', KEYS[1], mark) end
local function read(slot)
  local text = ask('HGET', KEYS[2], slot)
  if not text then return nil end
  local epoch, released, holder = string.match(text, '^(%d+):([01]):(.+)$')
  if not epoch or #epoch > 15 then return nil end
  return { epoch = tonumber(epoch), released = released == '1', holder = holder, text = text }
end
local function write(slot, epoch, released, holder)
  ask('HSET', KEYS[2], slot, string.format('%.0f:%s:%s', epoch, released, holder))
end
local function nextEpoch(stored, floor)
  local time = redis.call('TIME')
  return math.max(stored + 1, floor, time[1] * 1000 + math.floor(time[2] / 1000))
end
`;
