-- Deletes a queue with all it holds, and keeps its name taken for a while.
-- KEYS[1] karin:{queue}:queue    HASH
-- KEYS[2] karin:{queue}:deleted  STRING
-- KEYS[3..] the keys of the queue's messages
-- ARGV[1] now_ms, ARGV[2] how long the name stays taken in ms
-- Returns {"no_queue"} | {"ok", its dead-letter target or ""}
-- Invariant: nothing of the queue remains but the tombstone, which ends by itself, and the list of its sources, whose
-- policies still name it.
local queue_key, tombstone_key = KEYS[1], KEYS[2]
local now_ms, taken_ms = ARGV[1], tonumber(ARGV[2])

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
local target = redis.call('HGET', queue_key, 'dead_letter_target') or ''
redis.call('UNLINK', queue_key, unpack(KEYS, 3))
redis.call('SET', tombstone_key, now_ms, 'PX', taken_ms)
return {'ok', target}
