-- Tells the next due instant of every queue named and all active move tasks, and that this scheduler is alive.
-- KEYS[1] karin:schedulers   HASH
-- KEYS[2] karin:moving       ZSET
-- KEYS[3..] karin:{queue}:due  ZSET
-- ARGV[1] now_ms, ARGV[2] scheduler id, ARGV[3] age in ms beyond which another scheduler's entry is forgotten,
--         ARGV[4] 1 if the schedulers are among KEYS, else 0, ARGV[5] the same of the move tasks; on a cluster each key
--         comes alone, for they live in different slots
-- Returns {"ok", number of active move tasks, for each its name and the instant in ms at which it started, then the
--         next due instant in ms or -1 of each queue, in the order of KEYS}
-- Invariant: no message is touched.
local now_ms, scheduler_id, forgotten_ms = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local schedulers, moving_keys = tonumber(ARGV[4]), tonumber(ARGV[5])
local free_first = include('free_first')

if schedulers == 1 then
  local schedulers_key = KEYS[schedulers]
  free_first(schedulers_key)
  local entries = redis.call('HGETALL', schedulers_key)
  for i = 1, #entries, 2 do
    if now_ms - tonumber(entries[i + 1]) > forgotten_ms then redis.call('HDEL', schedulers_key, entries[i]) end
  end
  redis.call('HSET', schedulers_key, scheduler_id, now_ms)
end

local moving = {}
if moving_keys == 1 then moving = redis.call('ZRANGE', KEYS[schedulers + 1], 0, -1, 'WITHSCORES') end
local reply = {'ok', #moving / 2}
for i = 1, #moving, 2 do
  reply[#reply + 1] = moving[i]
  reply[#reply + 1] = tonumber(moving[i + 1])
end
local first_due = schedulers + moving_keys + 1
for i = first_due, #KEYS do
  local head = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  reply[#reply + 1] = head[2] and tonumber(head[2]) or -1
end
return reply
