-- Stores all changes of one commit together.
-- KEYS[1]  the newest epoch seen
-- KEYS[2]  the number of this sender's last call
-- KEYS[3]  the service's rows: table NUL key -> value
-- ARGV[1]  epoch
-- ARGV[2]  number of this call; grows with every call of a sender
-- ARGV[3]  how many fields are put
-- ARGV[4+]  field, value, field, value, ... of those put; then the fields to delete
-- Returns  { 'STALE', newest epoch } | { 'LATE' } | { 'OK' }

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

-- one call takes only some thousands of arguments
local step = 4000
local first_deleted = 4 + 2 * tonumber(ARGV[3])
for i = 4, first_deleted - 1, step do
  redis.call('HSET', KEYS[3], unpack(ARGV, i, math.min(i + step, first_deleted) - 1))
end
for i = first_deleted, #ARGV, step do
  redis.call('HDEL', KEYS[3], unpack(ARGV, i, math.min(i + step - 1, #ARGV)))
end
return { 'OK' }
