-- Tells the next due instant of every queue named, and that this scheduler is alive.
-- KEYS[1] karin:schedulers  HASH
-- KEYS[2..] karin:{queue}:due  ZSET
-- ARGV[1] now_ms, ARGV[2] scheduler id, ARGV[3] age in ms beyond which another scheduler's entry is forgotten
-- Returns {"ok", next due instant in ms or -1 for each queue, in the order of KEYS}
-- Invariant: no message is touched.
local schedulers_key = KEYS[1]
local now_ms, scheduler_id, forgotten_ms = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

local entries = redis.call('HGETALL', schedulers_key)
for i = 1, #entries, 2 do
  if now_ms - tonumber(entries[i + 1]) > forgotten_ms then redis.call('HDEL', schedulers_key, entries[i]) end
end
redis.call('HSET', schedulers_key, scheduler_id, now_ms)

local reply = {'ok'}
for i = 2, #KEYS do
  local head = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  reply[i] = head[2] and tonumber(head[2]) or -1
end
return reply
