-- Removes all messages of a queue, at most once a minute.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4..] the other keys of the queue's messages
-- ARGV[1] now_ms, ARGV[2] shortest time between two purges in ms
-- Returns {"no_queue"} | {"purged_recently"} | {"ok", number of messages removed}
-- Invariant: the queue, its attributes and the count of its sequence numbers stay.
local queue_key, messages_key = KEYS[1], KEYS[3]
local now_ms, interval_ms = tonumber(ARGV[1]), tonumber(ARGV[2])

local state = redis.call('HMGET', queue_key, 'created_at_ms', 'purged_at_ms')
if not state[1] then return {'no_queue'} end
local since_ms = state[2] and now_ms - tonumber(state[2])
if since_ms and since_ms >= 0 and since_ms < interval_ms then return {'purged_recently'} end  -- a clock set back opens

local removed = redis.call('HLEN', messages_key)
redis.call('UNLINK', unpack(KEYS, 2))
redis.call('HSET', queue_key, 'purged_at_ms', now_ms, 'stored_bytes', 0)
return {'ok', removed}
