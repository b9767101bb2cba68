-- Records the end of an operation. What is settled stays as it is: a late word must not open it again.
-- KEYS[1]  the newest epoch seen
-- KEYS[2]  the number of this sender's last call
-- KEYS[3]  the operations of its incident: operation -> 'R' epoch ' ' attempt (running) | 'S' result (settled)
-- ARGV[1]  epoch
-- ARGV[2]  number of this call; grows with every call of a sender
-- ARGV[3]  operation
-- ARGV[4]  '1': it failed for sure and may be admitted anew
-- ARGV[5]  result
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

local entry = redis.call('HGET', KEYS[3], ARGV[3])
if entry and string.sub(entry, 1, 1) == 'S' then
  return { 'OK' }
end
if ARGV[4] == '1' then
  redis.call('HDEL', KEYS[3], ARGV[3])
else
  redis.call('HSET', KEYS[3], ARGV[3], 'S' .. ARGV[5])
end
return { 'OK' }
