-- Moves a message of a standard queue to another instant, or deletes it, as long as it stands as a person saw it.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- KEYS[8] karin:{queue}:lanes     ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] id, ARGV[5] group or "",
--         ARGV[6] instant in ms at which it was due when it was seen, ARGV[7] its receive count then, ARGV[8] instant
--         in ms at which it is to be due, -1 to delete it
-- Returns {"no_queue"} | {"gone"} | {"changed"} | {"expired"} | {"ok"}
-- Invariant: a message that was received or moved since it was seen is left alone ("changed"). No receive is counted or
-- taken off a count. What is leased stays leased until then, for whoever holds it; what is not is delayed. A call that
-- fails afterwards does not change when it is due. Nothing expires before it is due. Twice does no more than once.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_key, order_key, lanes_key = KEYS[6], KEYS[7], KEYS[8]
local now_ms, queue_name, channel, id, group = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seen_due_at_ms, seen_count, due_at_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local first_in_lane, line_up_lane = include('first_in_lane'), include('line_up_lane')
local forget_bytes, retain_from = include('forget_bytes'), include('retain_from')
local older_id, retained_from = include('older_id'), include('retained_from')
local note_verdict, nudge_if_earlier = include('note_verdict'), include('nudge_if_earlier')

local attributes = redis.call('HMGET', queue_key, 'MessageRetentionPeriod', 'stored_bytes')
if not attributes[1] then return {'no_queue'} end
local stored = redis.call('HGET', messages_key, id)
if not stored then
  id = older_id(id)
  stored = redis.call('HGET', messages_key, id)
end
if not stored then return {'gone'} end
local stands_at_ms = tonumber(redis.call('ZSCORE', group == '' and due_key or grouped_key, id))
local count, first_at_ms = string.match(redis.call('HGET', receives_key, id) or '0 0', '^(%d+) (%d+)')
local is_moved = stands_at_ms ~= seen_due_at_ms and stands_at_ms ~= due_at_ms
if is_moved or tonumber(count) ~= seen_count then return {'changed'} end
local is_to_stay = due_at_ms >= 0
local kept_until_ms = retained_from(stored) + tonumber(attributes[1]) * 1000
if is_to_stay and kept_until_ms <= now_ms then return {'expired'} end
if stands_at_ms == due_at_ms then return {'ok'} end
local before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')

local function take_out_of_line()
  if group == '' then
    redis.call('ZREM', due_key, id)
  else
    redis.call('ZREM', order_key, group .. '\0' .. string.format('%013.0f', stands_at_ms) .. id)
    redis.call('ZREM', grouped_key, id)
  end
end

local function put_in_line()
  if group == '' then
    redis.call('ZADD', due_key, due_at_ms, id)
  else
    redis.call('ZADD', order_key, 0, group .. '\0' .. string.format('%013.0f', due_at_ms) .. id)
    redis.call('ZADD', grouped_key, due_at_ms, id)
  end
end

take_out_of_line()
if is_to_stay then
  put_in_line()
  if due_at_ms >= kept_until_ms then  -- it would be lost before it is due
    local retained = retain_from(stored, due_at_ms)
    redis.call('HSET', messages_key, id, retained)
    forget_bytes(queue_key, attributes[2], #stored - #retained)
  end
  local leased_until_ms = tonumber(redis.call('ZSCORE', leased_key, id) or 0)
  if leased_until_ms > now_ms and due_at_ms > now_ms then
    redis.call('ZADD', leased_key, due_at_ms, id)
  else
    redis.call('ZREM', leased_key, id)
  end
  note_verdict(receives_key, id, 'extend', tonumber(count), first_at_ms)
else
  redis.call('HDEL', messages_key, id)
  forget_bytes(queue_key, attributes[2], #stored)
  redis.call('HDEL', receives_key, id)
  redis.call('ZREM', leased_key, id)
end
if group ~= '' then
  local lane = group .. '\0'
  line_up_lane(due_key, lanes_key, lane, first_in_lane(order_key, lane), now_ms)
end
nudge_if_earlier(due_key, before, channel, queue_name, now_ms, false)
return {'ok'}
