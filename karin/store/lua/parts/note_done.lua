-- Adds messages that were deleted to those of this minute; the minute an hour ago gives way to it.
return function(done_key, now_ms, deleted)
  if deleted == 0 then return end
  local minute = math.floor(now_ms / 60000)
  local past_minute, past = string.match(redis.call('HGET', done_key, minute % 60) or '0 0', '^(%d+) (%d+)$')
  if tonumber(past_minute) == minute then deleted = past + deleted else past_minute = minute end
  redis.call('HSET', done_key, minute % 60, past_minute .. ' ' .. deleted)
end
