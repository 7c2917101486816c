-- Tells which queues name a queue as their dead-letter queue.
-- KEYS[1] karin:{queue}:queue    HASH
-- KEYS[2] karin:{queue}:sources  ZSET
-- ARGV[1] where to begin, as ZRANGEBYLEX takes it, ARGV[2] most names to tell, -1 for all
-- Returns {"no_queue"} | {"ok", then names as account/name, in order}
-- Invariant: read-only.
local queue_key, sources_key = KEYS[1], KEYS[2]
local from, most = ARGV[1], ARGV[2]

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
local reply = {'ok'}
for _, name in ipairs(redis.call('ZRANGEBYLEX', sources_key, from, '+', 'LIMIT', 0, most)) do
  reply[#reply + 1] = name
end
return reply
