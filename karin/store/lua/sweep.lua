-- Tells the next due instant of every queue named and all active move tasks, and that this scheduler is alive.
-- KEYS[1] karin:schedulers   HASH
-- KEYS[2] karin:moving       ZSET
-- KEYS[3..] karin:{queue}:due  ZSET
-- ARGV[1] now_ms, ARGV[2] scheduler id, ARGV[3] age in ms beyond which another scheduler's entry is forgotten
-- Returns {"ok", number of active move tasks, for each its name and the instant in ms at which it started, then the
--         next due instant in ms or -1 of each queue, in the order of KEYS}
-- Invariant: no message is touched.
local schedulers_key, moving_key = KEYS[1], KEYS[2]
local now_ms, scheduler_id, forgotten_ms = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local free_first = include('free_first')

free_first(schedulers_key)
local entries = redis.call('HGETALL', schedulers_key)
for i = 1, #entries, 2 do
  if now_ms - tonumber(entries[i + 1]) > forgotten_ms then redis.call('HDEL', schedulers_key, entries[i]) end
end
redis.call('HSET', schedulers_key, scheduler_id, now_ms)

local moving = redis.call('ZRANGE', moving_key, 0, -1, 'WITHSCORES')
local reply = {'ok', #moving / 2}
for i = 1, #moving, 2 do
  reply[#reply + 1] = moving[i]
  reply[#reply + 1] = tonumber(moving[i + 1])
end
for i = 3, #KEYS do
  local head = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  reply[#reply + 1] = head[2] and tonumber(head[2]) or -1
end
return reply
