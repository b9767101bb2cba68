-- Shows an epoch at a service's gate and loads all its tables.
-- KEYS[1]  the newest epoch seen
-- KEYS[2]  the number of this sender's last call
-- KEYS[3]  the service's rows: table NUL key -> value
-- ARGV[1]  epoch
-- ARGV[2]  number of this call; grows with every call of a sender
-- Returns  { 'STALE', newest epoch } | { 'LATE' } | { 'OK', field, value, field, value, ... }

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

local answer = redis.call('HGETALL', KEYS[3])
table.insert(answer, 1, 'OK')
return answer
