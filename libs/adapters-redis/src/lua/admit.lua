-- Admits an operation, or says what became of it.
-- KEYS[1]  the newest epoch seen
-- KEYS[2]  the number of this sender's last call
-- KEYS[3]  the operations of its incident: operation -> 'R' epoch ' ' attempt (running) | 'S' result (settled)
-- ARGV[1]  epoch
-- ARGV[2]  number of this call; grows with every call of a sender
-- ARGV[3]  operation
-- ARGV[4]  attempt
-- Returns  { 'STALE', newest epoch } | { 'LATE' } | { 'GO' } | { 'RUNNING', epoch, attempt } | { 'SETTLED', result }

-- The gate: an older epoch than was seen changes nothing; nor does a call that a later one of its own sender overtook
-- (its sender gave it up after the time limit, and it was still on its way).
local seen = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < seen then
  return { 'STALE', tostring(redis.call('GET', KEYS[1])) }
end
if tonumber(ARGV[2]) <= tonumber(redis.call('GET', KEYS[2]) or '0') then
  return { 'LATE' }
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', 86400000)

local entry = redis.call('HGET', KEYS[3], ARGV[3])
if not entry then
  redis.call('HSET', KEYS[3], ARGV[3], 'R' .. ARGV[1] .. ' ' .. ARGV[4])
  return { 'GO' }
end
if string.sub(entry, 1, 1) == 'S' then
  return { 'SETTLED', string.sub(entry, 2) }
end
local space = string.find(entry, ' ', 1, true)
return { 'RUNNING', string.sub(entry, 2, space - 1), string.sub(entry, space + 1) }
