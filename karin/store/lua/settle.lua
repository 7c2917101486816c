-- Writes the outcome of one invocation: deletes what succeeded, and makes the rest due when its retry is.
-- KEYS[1] karin:{queue}:due       ZSET
-- KEYS[2] karin:{queue}:messages  HASH
-- KEYS[3] karin:{queue}:receives  HASH
-- KEYS[4] karin:{queue}:leased    ZSET
-- ARGV[1] now_ms
-- ARGV[2..] four for each message: id, receive count of the claim, "delete" | "retry" | "give_back", instant in ms
--           at which it is due again (ignored for delete)
-- Returns {"ok", number deleted, next due instant in ms or -1}
-- Invariant: a message that was received again since the claim is left to whoever holds it, unless it is deleted;
-- giving back takes the receive off its count. Settling twice does no more than settling once.
local due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now_ms = tonumber(ARGV[1])

local deleted = 0
for i = 2, #ARGV, 4 do
  local id, count, verdict, due_at_ms = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], tonumber(ARGV[i + 3])
  if verdict == 'delete' then
    deleted = deleted + redis.call('HDEL', messages_key, id)
    redis.call('ZREM', due_key, id)
    redis.call('ZREM', leased_key, id)
    redis.call('HDEL', receives_key, id)
  else
    local received = redis.call('HGET', receives_key, id)
    local held_count, first_at_ms = string.match(received or '', '^(%d+) (%d+)$')
    if held_count and tonumber(held_count) == count then
      due_at_ms = math.max(due_at_ms, now_ms)
      redis.call('ZADD', due_key, due_at_ms, id)
      if verdict == 'retry' then
        redis.call('ZADD', leased_key, due_at_ms, id)
      else
        redis.call('ZREM', leased_key, id)
        if count > 1 then
          redis.call('HSET', receives_key, id, string.format('%.0f %s', count - 1, first_at_ms))
        else
          redis.call('HDEL', receives_key, id)
        end
      end
    end
  end
end

local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
return {'ok', deleted, head[2] and tonumber(head[2]) or -1}
