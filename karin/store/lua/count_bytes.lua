-- Adds up the bytes that a queue stores, whose messages were stored before that was kept.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:messages  HASH
-- ARGV[1] the field of the queue for them
-- Returns {"no_queue"} | {"ok"}
-- Invariant: what is kept already stays as it is.
local queue_key, messages_key = KEYS[1], KEYS[2]
local field = ARGV[1]

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
if redis.call('HEXISTS', queue_key, field) == 1 then return {'ok'} end
local stored_bytes = 0
for _, id in ipairs(redis.call('HKEYS', messages_key)) do
  stored_bytes = stored_bytes + redis.call('HSTRLEN', messages_key, id)
end
redis.call('HSET', queue_key, field, string.format('%.0f', stored_bytes))
return {'ok'}
