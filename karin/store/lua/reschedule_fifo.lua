-- Moves the first message of a FIFO queue's group to another instant, or deletes any, as long as it stands as seen.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:forgetting        LIST
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] id, ARGV[5] group, ARGV[6]
--         sequence number (6 bytes, or ""), ARGV[7] instant in ms at which it was due when it was seen, ARGV[8] its
--         receive count then, ARGV[9] instant in ms at which it is to be due, -1 to delete it
-- Returns {"no_queue"} | {"older_layout"} | {"gone"} | {"changed"} | {"expired"} | {"behind"} | {"ok"}
-- Invariant: a message that was received or moved since it was seen is left alone ("changed"), and so is one that is
-- behind another of its group, unless it is deleted. No receive is counted or taken off a count. What is leased stays
-- leased until then, for whoever holds it; what is not stands in order and in arrivals as if it had been sent the
-- queue's delay before that. A call that fails afterwards does not change when it is due. Nothing expires before it is
-- due. Twice does no more than once.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local arrivals_key, order_key = KEYS[6], KEYS[7]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local id, lane, number = ARGV[4], ARGV[5] .. '\0', ARGV[6]
local seen_due_at_ms, seen_count, due_at_ms = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local first_in_lane, note_verdict = include('first_in_lane'), include('note_verdict')
local forget_bytes, retain_from = include('forget_bytes'), include('retain_from')
local older_id, retained_from = include('older_id'), include('retained_from')
local nudge_if_earlier, visible_at = include('nudge_if_earlier'), include('visible_at')
local entry_at, find_entry = include('entry_at'), include('find_entry')
local replace_row, row_of = include('replace_row'), include('row_of')
local six_bytes = include('six_bytes')

local attributes = redis.call('HMGET', queue_key, 'MessageRetentionPeriod', 'DelaySeconds', 'stored_bytes', 'layout')
if not attributes[1] then return {'no_queue'} end
if attributes[4] ~= '3' then return {'older_layout'} end
local retention_ms, delay_ms = tonumber(attributes[1]) * 1000, tonumber(attributes[2]) * 1000
if delay_ms >= retention_ms then retention_ms = retention_ms + delay_ms end  -- as a claim counts it
local row = row_of(order_key, lane, number)
local at, next_at = find_entry(row or '', #lane + 1, number)
if not at then return {'gone'} end
local _, sent_at_ms, held_id = entry_at(row, at)
if held_id ~= id and held_id ~= older_id(id) then return {'gone'} end
id = held_id
local stands_at_ms = visible_at(leased_key, id, sent_at_ms, delay_ms)
local count, first_at_ms = string.match(redis.call('HGET', receives_key, id) or '0 0', '^(%d+) (%d+)')
local is_moved = stands_at_ms ~= seen_due_at_ms and stands_at_ms ~= due_at_ms
if is_moved or tonumber(count) ~= seen_count then return {'changed'} end
local stored = redis.call('HGET', messages_key, id)
local is_to_stay = due_at_ms >= 0
local is_first = at == #lane + 1 and first_in_lane(order_key, lane) == row
local kept_until_ms = retained_from(stored) + retention_ms
if is_to_stay and kept_until_ms <= now_ms then return {'expired'} end
if is_to_stay and not is_first then return {'behind'} end
if stands_at_ms == due_at_ms then return {'ok'} end
local before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')

-- Puts something in the place of the message's entry.
local function replace_entry(entry)
  replace_row(order_key, lane, row, string.sub(row, 1, at - 1) .. entry .. string.sub(row, next_at))
end

if is_to_stay then
  if due_at_ms >= kept_until_ms then  -- it would be lost before it is due
    local retained = retain_from(stored, due_at_ms)
    redis.call('HSET', messages_key, id, retained)
    forget_bytes(queue_key, attributes[3], #stored - #retained)
  end
  local leased_until_ms = tonumber(redis.call('ZSCORE', leased_key, id) or 0)
  if leased_until_ms > now_ms then
    redis.call('ZADD', leased_key, due_at_ms, id)
  else
    redis.call('ZREM', leased_key, id)
    local sent_at = math.max(due_at_ms - delay_ms, 0)
    redis.call('ZADD', arrivals_key, sent_at, id)
    replace_entry(string.sub(row, at, at + 5) .. six_bytes(sent_at) .. string.sub(row, at + 12, next_at - 1))
  end
  note_verdict(receives_key, id, 'extend', tonumber(count), first_at_ms)
else
  redis.call('HDEL', messages_key, id)
  forget_bytes(queue_key, attributes[3], #stored)
  redis.call('HDEL', receives_key, id)
  redis.call('ZREM', leased_key, id)
  redis.call('ZREM', arrivals_key, id)
  replace_entry('')
end
if is_first then  -- else its lane keeps its turn
  local first = first_in_lane(order_key, lane)
  if first then
    local _, first_sent_at_ms, first_id = entry_at(first, #lane + 1)
    local visible_at_ms = visible_at(leased_key, first_id, first_sent_at_ms, delay_ms)
    redis.call('ZADD', due_key, math.max(visible_at_ms, now_ms), lane)
  else
    redis.call('ZREM', due_key, lane)
  end
end
nudge_if_earlier(due_key, before, channel, queue_name, now_ms, false)
return {'ok'}
