-- Takes due messages of a FIFO queue under a lease, each group in its order, and tells when the queue is due next.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:remembered-until  ZSET
-- KEYS[10] karin:{queue}:calls            ZSET
-- ARGV[1] now_ms, ARGV[2] most messages to take, ARGV[3] most bytes of stored messages to take, as if none were
--         compressed (the first is taken whatever its size), ARGV[4] lease in ms (-1: the queue's visibility timeout),
--         ARGV[5] shortest lease in ms,
--         ARGV[6] 1: the receive counts, 0: it does not, and nothing is dead, ARGV[7] most messages in flight,
--         ARGV[8] "mapping_uuid " or "" for who is no mapping, ARGV[9] call id, ARGV[10] instant in ms until which the
--         call is taken to be in flight, ARGV[11] most calls of the mapping,
--         ARGV[12] ReceiveRequestAttemptId or "", ARGV[13] how long an attempt is known in ms
-- Returns {"no_queue"} | {"busy", instant in ms at which a call is over at the latest} | {"ok", lease in ms without its
--          floor, the queue's wait time in seconds, dead-letter target or "", next due instant in ms or -1, then seven
--          for each message: "received" | "dead", id, receive count, first received instant in ms, received instant in
--          ms, sequence number, stored}
-- Messages beyond their retention are dropped on the way, a bounded number in one call: the head then stays due.
-- Invariant: a group yields from its first message on, up to the first that is hidden; its lane in due says when that
-- first message may be received. A claimed message stays where it is in its group.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local arrivals_key, order_key, remembered_key, remembered_until_key = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now_ms, most, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease_ms, floor_ms, is_counted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local most_leased, attempt_id, remembered_ms = tonumber(ARGV[7]), ARGV[12], tonumber(ARGV[13])
local mapping, call_id, call_until_ms, most_calls = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local calls_key = KEYS[10]
local after_now = '(' .. ARGV[1]
local admit, busy_until = include('admit'), include('busy_until')
local plain_bytes, retained_from = include('plain_bytes'), include('retained_from')
local first_in_lane, visible_at = include('first_in_lane'), include('visible_at')
local forget_bytes, free_first = include('forget_bytes'), include('free_first')

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds', 'max_receive_count', 'dead_letter_target', 'DelaySeconds',
  'stored_bytes')
if not attributes[1] then return {'no_queue'} end
free_first(queue_key)
if lease_ms < 0 then lease_ms = tonumber(attributes[1]) * 1000 end
local retention_ms, delay_ms = tonumber(attributes[2]) * 1000, tonumber(attributes[6]) * 1000
if delay_ms >= retention_ms then retention_ms = retention_ms + delay_ms end  -- else it is lost before it is due
local leased_until_ms = now_ms + math.max(lease_ms, floor_ms, 1)  -- never now: the loop would take it again
local dead_until_ms = math.max(leased_until_ms, now_ms + 10000)  -- whoever moves the dead needs a moment

local reply = {'ok', lease_ms, tonumber(attributes[3]), attributes[5] or '', -1}
local drops_left, freed_bytes = 1000, 0
local batch = {
  most = most, most_bytes = most_bytes, is_counted = is_counted, taken = 0, dead = 0, bytes = 0, is_full = false,
  max_receives = is_counted and tonumber(attributes[4] or nil) or math.huge,
}
local handed_out = {}

local over_ms = mapping ~= '' and busy_until(calls_key, mapping, most_calls, now_ms)
if over_ms then return {'busy', over_ms} end

local function hand_out(fate, lane, id, number, count, first_at_ms, received_at_ms, stored)
  for _, part in ipairs({fate, id, count, first_at_ms, received_at_ms, number, stored}) do reply[#reply + 1] = part end
  if fate == 'received' then
    handed_out[#handed_out + 1] = {lane = lane, id = id, number = number, count = count, first_at_ms = first_at_ms}
  end
end

local function line_up_lane(lane)
  local place = first_in_lane(order_key, lane)
  if place then
    redis.call('ZADD', due_key, visible_at(leased_key, arrivals_key, string.sub(place, #lane + 21), delay_ms), lane)
  else
    redis.call('ZREM', due_key, lane)
  end
end

-- Takes one message that stands first among the visible ones of its group; returns whether the next may be taken, too.
local function take(lane, place)
  local number, id = string.sub(place, #lane + 1, #lane + 20), string.sub(place, #lane + 21)
  if visible_at(leased_key, arrivals_key, id, delay_ms) > now_ms then return false end
  local stored = redis.call('HGET', messages_key, id)
  if not stored or retained_from(stored) + retention_ms <= now_ms then
    freed_bytes = freed_bytes + #(stored or '')
    redis.call('HDEL', messages_key, id)
    redis.call('HDEL', receives_key, id)
    redis.call('ZREM', leased_key, id)
    redis.call('ZREM', arrivals_key, id)
    redis.call('ZREM', order_key, place)
    drops_left = drops_left - 1
    return drops_left > 0
  end
  local fate, count, first_at_ms = admit(batch, receives_key, id, plain_bytes(stored), now_ms)
  if not fate then return false end
  redis.call('ZREM', arrivals_key, id)
  redis.call('ZADD', leased_key, fate == 'dead' and dead_until_ms or leased_until_ms, id)
  hand_out(fate, lane, id, number, count, first_at_ms, now_ms, stored)
  return true
end

local function take_from(lane)
  local from, past, goes_on = '[' .. lane, '(' .. string.sub(lane, 1, -2) .. '\1', true
  while goes_on and batch.taken < most do
    local places = redis.call('ZRANGEBYLEX', order_key, from, past, 'LIMIT', 0, most - batch.taken)
    if #places == 0 then break end
    for _, place in ipairs(places) do
      goes_on = take(lane, place)
      if not goes_on then break end
      from = '(' .. place
    end
  end
  line_up_lane(lane)
end

local attempt_field = 'r' .. attempt_id

-- Hands out again what an attempt received, if nothing of it has changed since; returns whether it did.
local function repeat_attempt()
  local until_ms = redis.call('ZSCORE', remembered_until_key, attempt_field)
  if not until_ms or tonumber(until_ms) <= now_ms then return false end
  local attempt = cjson.decode(redis.call('HGET', remembered_key, attempt_field))
  for _, one in ipairs(attempt.messages) do
    local still_leased_ms = tonumber(redis.call('ZSCORE', leased_key, one.id) or nil)
    if still_leased_ms ~= attempt.leased_until_ms or still_leased_ms <= now_ms then return false end
    local count = string.match(redis.call('HGET', receives_key, one.id) or '0', '^%d+')
    if tonumber(count) ~= one.count then return false end
  end
  for _, one in ipairs(attempt.messages) do
    redis.call('ZADD', leased_key, leased_until_ms, one.id)
    local stored = redis.call('HGET', messages_key, one.id)
    hand_out('received', one.lane, one.id, one.number, one.count, one.first_at_ms, attempt.received_at_ms, stored)
    line_up_lane(one.lane)
  end
  attempt.leased_until_ms = leased_until_ms
  redis.call('HSET', remembered_key, attempt_field, cjson.encode(attempt))
  return true
end

local function claim()
  while batch.taken < most and drops_left > 0 and not batch.is_full do
    local lanes = redis.call('ZRANGEBYSCORE', due_key, '-inf', now_ms, 'LIMIT', 0, most - batch.taken)
    if #lanes == 0 then break end
    for _, lane in ipairs(lanes) do
      take_from(lane)
      if batch.is_full or batch.taken == most or drops_left == 0 then break end
    end
  end
  if attempt_id ~= '' and batch.taken > 0 then
    local attempt = {leased_until_ms = leased_until_ms, received_at_ms = now_ms, messages = handed_out}
    redis.call('HSET', remembered_key, attempt_field, cjson.encode(attempt))
    redis.call('ZADD', remembered_until_key, now_ms + remembered_ms, attempt_field)
  end
end

if redis.call('ZCOUNT', leased_key, after_now, '+inf') >= most_leased then
  -- A FIFO queue says nothing then. It is due again when the first lease ends.
  local lapse = redis.call('ZRANGEBYSCORE', leased_key, after_now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  reply[5] = tonumber(lapse[2])
  return reply
end
if attempt_id == '' or not repeat_attempt() then claim() end
forget_bytes(queue_key, attributes[7], freed_bytes)
if mapping ~= '' and batch.taken > 0 then redis.call('ZADD', calls_key, call_until_ms, mapping .. call_id) end
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if head[2] then reply[5] = tonumber(head[2]) end
return reply
