-- Creates a queue, or compares the one that exists with what its creator asked for.
-- KEYS[1] karin:{queue}:queue    HASH
-- KEYS[2] karin:{queue}:deleted  STRING
-- ARGV[1] now_ms, ARGV[2] how long a deleted queue's name stays taken in ms, ARGV[3] number of given pairs
-- ARGV[4..] given pairs field, value (an empty value: absent), then pairs that are not compared, to which given ones
--           are preferred
-- Returns {"created"} | {"exists", its dead-letter target or ""} | {"differs", its dead-letter target or "", field}
--         | {"deleted_recently"}
-- Invariant: an existing queue is never changed.
local queue_key, tombstone_key = KEYS[1], KEYS[2]
local now_ms, taken_ms, given = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first_other = 4 + 2 * given

if redis.call('EXISTS', queue_key) == 1 then
  local target = redis.call('HGET', queue_key, 'dead_letter_target') or ''
  for i = 4, first_other - 1, 2 do
    if (redis.call('HGET', queue_key, ARGV[i]) or '') ~= ARGV[i + 1] then return {'differs', target, ARGV[i]} end
  end
  return {'exists', target}
end

local deleted_at_ms = redis.call('GET', tombstone_key)
if deleted_at_ms and now_ms - tonumber(deleted_at_ms) < taken_ms then return {'deleted_recently'} end

redis.call('HSET', queue_key, 'created_at_ms', now_ms, 'modified_at_ms', now_ms, 'stored_bytes', 0, 'layout', 3)
local function put(field, value)
  if value ~= '' then redis.call('HSET', queue_key, field, value) end
end
for i = first_other, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end
for i = 4, first_other - 1, 2 do put(ARGV[i], ARGV[i + 1]) end
redis.call('DEL', tombstone_key)
return {'created'}
