-- Puts a lane of a standard queue where its first message is due, or out of line when it has none.
-- A lane that was just served keeps its turn.
return function(due_key, lanes_key, lane, place, now_ms)
  if not place then
    redis.call('ZREM', due_key, lane)
    redis.call('ZREM', lanes_key, lane)
    return
  end
  local turn_ms = tonumber(string.sub(place, #lane + 1, #lane + 13))
  local old_turn_ms = tonumber(redis.call('ZSCORE', due_key, lane) or nil)
  if old_turn_ms and old_turn_ms < now_ms + 1 then turn_ms = math.max(turn_ms, old_turn_ms) end
  redis.call('ZADD', due_key, turn_ms, lane)
  redis.call('ZADD', lanes_key, turn_ms, lane)
end
