-- Stores messages and makes each due after its delay; sending an id again changes nothing.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges
-- ARGV[4..] four for each message: id, size in bytes, delay in ms (-1: the queue's own), stored message
-- Returns {"no_queue"} | {"ok", max_bytes, status of each message...}, status: "sent" | "too_long"
-- Invariant: a message is in due if and only if it is in messages; a nudge is sent only when the head moved earlier.
local queue_key, due_key, messages_key = KEYS[1], KEYS[2], KEYS[3]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]

local attributes = redis.call('HMGET', queue_key, 'MaximumMessageSize', 'DelaySeconds', 'MessageRetentionPeriod')
if not attributes[1] then return {'no_queue'} end
local max_bytes, queue_delay_ms = tonumber(attributes[1]), tonumber(attributes[2]) * 1000
local retention_ms = tonumber(attributes[3]) * 1000

local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
local head_at_ms = head[2] and tonumber(head[2]) or math.huge
local earliest_at_ms = head_at_ms

local reply = {'ok', max_bytes}
for i = 4, #ARGV, 4 do
  local id, size, delay_ms, stored = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3]
  if size > max_bytes then
    reply[#reply + 1] = 'too_long'
  else
    if delay_ms < 0 then delay_ms = queue_delay_ms end
    local due_at_ms = now_ms + delay_ms
    if delay_ms >= retention_ms then  -- counted from the send, it would be lost before it is due
      stored = string.format('%013.0f', due_at_ms) .. string.sub(stored, 14)
    end
    if redis.call('HSETNX', messages_key, id, stored) == 1 then
      redis.call('ZADD', due_key, due_at_ms, id)
      if due_at_ms < earliest_at_ms then earliest_at_ms = due_at_ms end
    end
    reply[#reply + 1] = 'sent'
  end
end

if earliest_at_ms < head_at_ms then
  redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, earliest_at_ms))
end
return reply
