-- Changes some attributes of a queue; the messages that wait in a FIFO queue follow its new delay.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:leased    ZSET
-- KEYS[4] karin:{queue}:arrivals  ZSET
-- KEYS[5] karin:{queue}:order     ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges
-- ARGV[4..] pairs field, value (an empty value removes the field)
-- Returns {"no_queue"} | {"throughput_needs_scope", its dead-letter target or ""}
--         | {"ok", its dead-letter target as it was or ""}
-- Invariant: the fields that are not named stay as they were. The lane of a group whose first message was never
-- received stands in due at that message's arrival plus the queue's delay. A nudge is sent only when the head of due
-- moved earlier.
local queue_key, due_key, leased_key, arrivals_key, order_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local first_in_lane, nudge_if_earlier = include('first_in_lane'), include('nudge_if_earlier')

local state = redis.call('HMGET', queue_key, 'created_at_ms', 'dead_letter_target', 'FifoQueue', 'DelaySeconds',
  'DeduplicationScope', 'FifoThroughputLimit')
if not state[1] then return {'no_queue'} end
local target, is_fifo, delay_seconds = state[2] or '', state[3], state[4]
local changes = {}
for i = 4, #ARGV, 2 do changes[ARGV[i]] = ARGV[i + 1] end
local scope, limit = changes.DeduplicationScope or state[5], changes.FifoThroughputLimit or state[6]
if limit == 'perMessageGroupId' and scope ~= 'messageGroup' then return {'throughput_needs_scope', target} end

for field, value in pairs(changes) do
  if value == '' then
    redis.call('HDEL', queue_key, field)
  else
    redis.call('HSET', queue_key, field, value)
  end
end
redis.call('HSET', queue_key, 'modified_at_ms', now_ms)

-- Returns when the first message of a lane arrived, nil when it was received before: no delay holds it back any more.
local function waits_since(lane)
  local place = first_in_lane(order_key, lane)
  local id = place and string.sub(place, #lane + 21)
  if not id or redis.call('ZSCORE', leased_key, id) then return nil end
  return tonumber(redis.call('ZSCORE', arrivals_key, id) or nil)
end

if is_fifo and changes.DelaySeconds and changes.DelaySeconds ~= delay_seconds then
  local delay_ms = tonumber(changes.DelaySeconds) * 1000
  local before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
  for _, lane in ipairs(redis.call('ZRANGE', due_key, 0, -1)) do
    local arrived_at_ms = waits_since(lane)
    if arrived_at_ms then redis.call('ZADD', due_key, arrived_at_ms + delay_ms, lane) end
  end
  nudge_if_earlier(due_key, before, channel, queue_name, now_ms, false)
end
return {'ok', target}
