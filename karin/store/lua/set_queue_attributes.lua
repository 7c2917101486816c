-- Changes some attributes of a queue; the messages that wait in a FIFO queue follow its new delay.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:leased    ZSET
-- KEYS[4] karin:{queue}:arrivals  ZSET
-- KEYS[5] karin:{queue}:order     ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges
-- ARGV[4..] pairs field, value (an empty value removes the field)
-- Returns {"no_queue"} | {"older_layout"} | {"throughput_needs_scope", its dead-letter target or ""}
--         | {"ok", its dead-letter target as it was or ""}
-- Invariant: the fields that are not named stay as they were. The lane of a group whose first message was never
-- received stands in due at the instant at which that was sent plus the queue's delay; what a longer delay holds back
-- stands in arrivals. A nudge is sent only when the head of due moved earlier.
local queue_key, due_key, leased_key, arrivals_key, order_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local first_in_lane, nudge_if_earlier = include('first_in_lane'), include('nudge_if_earlier')
local entry_at = include('entry_at')

local state = redis.call('HMGET', queue_key, 'created_at_ms', 'dead_letter_target', 'FifoQueue', 'DelaySeconds',
  'DeduplicationScope', 'FifoThroughputLimit', 'layout')
if not state[1] then return {'no_queue'} end
if state[3] and state[7] ~= '3' then return {'older_layout'} end
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

-- Returns when the first message of a lane was sent, nil when it was received before: no delay holds it back any more.
local function waits_since(lane)
  local row = first_in_lane(order_key, lane)
  if not row then return nil end
  local _, sent_at_ms, id = entry_at(row, #lane + 1)
  return not redis.call('ZSCORE', leased_key, id) and sent_at_ms or nil
end

-- Puts all messages into arrivals that were sent after an instant and never received. It reads the whole order.
local function hold_back(after_ms)
  local from = '-'
  while true do
    local rows = redis.call('ZRANGEBYLEX', order_key, from, '+', 'LIMIT', 0, 1000)
    if #rows == 0 then return end
    for _, row in ipairs(rows) do
      local at = string.find(row, '\0', 1, true) + 1
      while at <= #row do
        local _, sent_at_ms, id, next_at = entry_at(row, at)
        if sent_at_ms > after_ms and not redis.call('ZSCORE', leased_key, id) then
          redis.call('ZADD', arrivals_key, sent_at_ms, id)
        end
        at = next_at
      end
    end
    from = '(' .. rows[#rows]
  end
end

if is_fifo and changes.DelaySeconds and changes.DelaySeconds ~= delay_seconds then
  local delay_ms = tonumber(changes.DelaySeconds) * 1000
  local before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
  for _, lane in ipairs(redis.call('ZRANGE', due_key, 0, -1)) do
    local arrived_at_ms = waits_since(lane)
    if arrived_at_ms then redis.call('ZADD', due_key, arrived_at_ms + delay_ms, lane) end
  end
  if delay_ms > tonumber(delay_seconds) * 1000 then hold_back(now_ms - delay_ms) end
  nudge_if_earlier(due_key, before, channel, queue_name, now_ms, false)
end
return {'ok', target}
