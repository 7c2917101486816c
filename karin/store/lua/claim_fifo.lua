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
-- ARGV[1] now_ms, ARGV[2] most messages to take, ARGV[3] most bytes of stored messages to take (the first is taken
--         whatever its size), ARGV[4] lease in ms (-1: the queue's visibility timeout), ARGV[5] shortest lease in ms,
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

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds', 'max_receive_count', 'dead_letter_target', 'DelaySeconds')
if not attributes[1] then return {'no_queue'} end
if lease_ms < 0 then lease_ms = tonumber(attributes[1]) * 1000 end
local retention_ms, delay_ms = tonumber(attributes[2]) * 1000, tonumber(attributes[6]) * 1000
if delay_ms >= retention_ms then retention_ms = retention_ms + delay_ms end  -- else it is lost before it is due
local max_receives = is_counted and tonumber(attributes[4] or nil) or math.huge
local leased_until_ms = now_ms + math.max(lease_ms, floor_ms, 1)  -- never now: the loop would take it again
local dead_until_ms = math.max(leased_until_ms, now_ms + 10000)  -- whoever moves the dead needs a moment

local reply = {'ok', lease_ms, tonumber(attributes[3]), attributes[5] or '', -1}
local taken, dead, bytes, is_full, drops_left = 0, 0, 0, false, 1000
local handed_out = {}

local function past(lane)
  return '(' .. string.sub(lane, 1, -2) .. '\1'
end

-- Returns when a call of the mapping is over at the latest, if it has as many in flight as it may; nil otherwise.
local function busy_until()
  redis.call('ZREMRANGEBYSCORE', calls_key, '-inf', now_ms)
  local in_flight, first_over_ms = 0, nil
  local calls = redis.call('ZRANGE', calls_key, 0, -1, 'WITHSCORES')
  for i = 1, #calls, 2 do
    if string.sub(calls[i], 1, #mapping) == mapping then
      in_flight = in_flight + 1
      first_over_ms = first_over_ms or tonumber(calls[i + 1])
    end
  end
  if in_flight >= most_calls then return first_over_ms end
end

local over_ms = mapping ~= '' and busy_until()
if over_ms then return {'busy', over_ms} end

-- Returns the instant at which a message may be received, whatever stands before it.
local function visible_at(id)
  local leased_at_ms = redis.call('ZSCORE', leased_key, id)
  if leased_at_ms then return tonumber(leased_at_ms) end
  return tonumber(redis.call('ZSCORE', arrivals_key, id)) + delay_ms
end

local function hand_out(fate, lane, id, number, count, first_at_ms, received_at_ms, stored)
  for _, part in ipairs({fate, id, count, first_at_ms, received_at_ms, number, stored}) do reply[#reply + 1] = part end
  if fate == 'received' then
    handed_out[#handed_out + 1] = {lane = lane, id = id, number = number, count = count, first_at_ms = first_at_ms}
  end
end

local function receives_of(id)
  local received = redis.call('HGET', receives_key, id)
  if not received then return 0, now_ms, false end
  local count, first_at_ms = string.match(received, '^(%d+) (%d+)')
  return tonumber(count), tonumber(first_at_ms), true
end

local function line_up_lane(lane)
  local place = redis.call('ZRANGEBYLEX', order_key, '[' .. lane, past(lane), 'LIMIT', 0, 1)[1]
  if place then
    redis.call('ZADD', due_key, visible_at(string.sub(place, #lane + 21)), lane)
  else
    redis.call('ZREM', due_key, lane)
  end
end

-- Takes one message that stands first among the visible ones of its group; returns whether the next may be taken, too.
local function take(lane, place)
  local number, id = string.sub(place, #lane + 1, #lane + 20), string.sub(place, #lane + 21)
  if visible_at(id) > now_ms then return false end
  local stored = redis.call('HGET', messages_key, id)
  if not stored or tonumber(string.sub(stored, 1, 13)) + retention_ms <= now_ms then
    redis.call('HDEL', messages_key, id)
    redis.call('HDEL', receives_key, id)
    redis.call('ZREM', leased_key, id)
    redis.call('ZREM', arrivals_key, id)
    redis.call('ZREM', order_key, place)
    drops_left = drops_left - 1
    return drops_left > 0
  end
  local count, first_at_ms, was_received = receives_of(id)
  local is_dead = count >= max_receives
  if (taken + dead > 0 and bytes + #stored > most_bytes) or (is_dead and dead == most) then
    is_full = true
    return false
  end
  if is_dead then
    dead = dead + 1
  else
    taken = taken + 1
    if is_counted then
      count = count + 1
    end
    if is_counted or was_received then  -- whatever the last receiver set is over
      redis.call('HSET', receives_key, id, string.format('%.0f %.0f', count, first_at_ms))
    end
  end
  bytes = bytes + #stored
  redis.call('ZREM', arrivals_key, id)
  redis.call('ZADD', leased_key, is_dead and dead_until_ms or leased_until_ms, id)
  hand_out(is_dead and 'dead' or 'received', lane, id, number, count, first_at_ms, now_ms, stored)
  return true
end

local function take_from(lane)
  local from, goes_on = '[' .. lane, true
  while goes_on and taken < most do
    local places = redis.call('ZRANGEBYLEX', order_key, from, past(lane), 'LIMIT', 0, most - taken)
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
    if receives_of(one.id) ~= one.count then return false end
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
  while taken < most and drops_left > 0 and not is_full do
    local lanes = redis.call('ZRANGEBYSCORE', due_key, '-inf', now_ms, 'LIMIT', 0, most - taken)
    if #lanes == 0 then break end
    for _, lane in ipairs(lanes) do
      take_from(lane)
      if is_full or taken == most or drops_left == 0 then break end
    end
  end
  if attempt_id ~= '' and taken > 0 then
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
if mapping ~= '' and taken > 0 then redis.call('ZADD', calls_key, call_until_ms, mapping .. call_id) end
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if head[2] then reply[5] = tonumber(head[2]) end
return reply
