-- Takes due messages under a lease and tells when the queue is due next.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- ARGV[1] now_ms, ARGV[2] most messages to take, ARGV[3] shortest lease in ms (the queue's visibility timeout may be
--         longer), ARGV[4] most bytes of stored messages to take (the first is taken whatever its size)
-- Returns {"no_queue"} | {"ok", visibility timeout in ms, next due instant in ms or -1,
--         then four for each message: id, receive count, first received instant in ms, stored message}
-- Messages beyond their retention are dropped on the way, a bounded number in one call: the head then stays due.
-- Invariant: a claimed message stays in due, at the end of its lease: a crash of the claimer needs no repair.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_ms, most, lease_ms, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'MessageRetentionPeriod')
if not attributes[1] then return {'no_queue'} end
local visibility_ms, retention_ms = tonumber(attributes[1]) * 1000, tonumber(attributes[2]) * 1000
local leased_until_ms = now_ms + math.max(lease_ms, visibility_ms, 1)  -- never now: the loop would take it again

local reply = {'ok', visibility_ms, -1}
local taken, bytes, is_full, drops_left = 0, 0, false, 1000
while taken < most and drops_left > 0 and not is_full do
  local ids = redis.call('ZRANGEBYSCORE', due_key, '-inf', now_ms, 'LIMIT', 0, most - taken)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    local stored = redis.call('HGET', messages_key, id)
    if not stored or tonumber(string.sub(stored, 1, 13)) + retention_ms <= now_ms then
      redis.call('ZREM', due_key, id)
      redis.call('ZREM', leased_key, id)
      redis.call('HDEL', messages_key, id)
      redis.call('HDEL', receives_key, id)
      drops_left = drops_left - 1
    elseif taken > 0 and bytes + #stored > most_bytes then
      is_full = true
      break
    else
      local received = redis.call('HGET', receives_key, id)
      local count, first_at_ms = 1, now_ms
      if received then
        local past_count, past_first = string.match(received, '^(%d+) (%d+)$')
        count, first_at_ms = tonumber(past_count) + 1, tonumber(past_first)
      end
      redis.call('HSET', receives_key, id, string.format('%.0f %.0f', count, first_at_ms))
      redis.call('ZADD', due_key, leased_until_ms, id)
      redis.call('ZADD', leased_key, leased_until_ms, id)
      taken, bytes = taken + 1, bytes + #stored
      reply[#reply + 1] = id
      reply[#reply + 1] = count
      reply[#reply + 1] = first_at_ms
      reply[#reply + 1] = stored
    end
  end
end

local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if head[2] then reply[3] = tonumber(head[2]) end
return reply
