-- Pauses a mapping or resumes it, and tells every scheduler.
-- KEYS[1] karin:pauses HASH
-- ARGV[1] uuid of the mapping, ARGV[2] the pause as JSON or "" to resume, ARGV[3] who wants it: "karin" | "user",
--         ARGV[4] channel for what schedulers are told
-- Returns {"ok", 1: something changed, 0: nothing did}
-- Invariant: what a person paused, only a person resumes or pauses otherwise.
local pauses_key = KEYS[1]
local mapping, pause, by, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local free_first = include('free_first')

free_first(pauses_key)
local stands = redis.call('HGET', pauses_key, mapping)
if (not stands and pause == '') or stands == pause then return {'ok', 0} end
if stands and by ~= 'user' and cjson.decode(stands).by == 'user' then return {'ok', 0} end
if pause == '' then
  redis.call('HDEL', pauses_key, mapping)
else
  redis.call('HSET', pauses_key, mapping, pause)
end
redis.call('PUBLISH', channel, 'pauses-changed')
return {'ok', 1}
