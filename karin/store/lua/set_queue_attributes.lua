-- Changes some attributes of a queue.
-- KEYS[1] karin:{queue}:queue  HASH
-- ARGV[1] now_ms
-- ARGV[2..] pairs field, value (an empty value removes the field)
-- Returns {"no_queue"} | {"ok"}
-- Invariant: the fields that are not named stay as they were.
local queue_key = KEYS[1]
local now_ms = ARGV[1]

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', queue_key, ARGV[i])
  else
    redis.call('HSET', queue_key, ARGV[i], ARGV[i + 1])
  end
end
redis.call('HSET', queue_key, 'modified_at_ms', now_ms)
return {'ok'}
