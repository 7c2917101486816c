-- Creates a queue, or compares the one that exists with what its creator asked for.
-- KEYS[1] karin:{queue}:queue    HASH
-- KEYS[2] karin:{queue}:deleted  STRING
-- ARGV[1] now_ms, ARGV[2] how long a deleted queue's name stays taken in ms, ARGV[3] number of given pairs
-- ARGV[4..] given pairs field, value (an empty value: absent), then default pairs field, value
-- Returns {"created"} | {"exists"} | {"differs", field} | {"deleted_recently"}
-- Invariant: an existing queue is never changed.
local queue_key, tombstone_key = KEYS[1], KEYS[2]
local now_ms, taken_ms, given = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first_default = 4 + 2 * given

if redis.call('EXISTS', queue_key) == 1 then
  for i = 4, first_default - 1, 2 do
    if (redis.call('HGET', queue_key, ARGV[i]) or '') ~= ARGV[i + 1] then return {'differs', ARGV[i]} end
  end
  return {'exists'}
end

local deleted_at_ms = redis.call('GET', tombstone_key)
if deleted_at_ms and now_ms - tonumber(deleted_at_ms) < taken_ms then return {'deleted_recently'} end

redis.call('HSET', queue_key, 'created_at_ms', now_ms, 'modified_at_ms', now_ms)
for i = first_default, #ARGV, 2 do redis.call('HSET', queue_key, ARGV[i], ARGV[i + 1]) end
for i = 4, first_default - 1, 2 do
  if ARGV[i + 1] ~= '' then redis.call('HSET', queue_key, ARGV[i], ARGV[i + 1]) end
end
redis.call('DEL', tombstone_key)
return {'created'}
