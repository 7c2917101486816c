-- Takes due messages of a FIFO queue under a lease, each group in its order, and tells when the queue is due next.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:forgetting        LIST
-- KEYS[10] karin:{queue}:calls            ZSET
-- ARGV[1] now_ms, ARGV[2] most messages to take, ARGV[3] most bytes of stored messages to take, as if none were
--         compressed (the first is taken whatever its size), ARGV[4] lease in ms (-1: the queue's visibility timeout),
--         ARGV[5] shortest lease in ms,
--         ARGV[6] 1: the receive counts, 0: it does not, and nothing is dead, ARGV[7] most messages in flight,
--         ARGV[8] "mapping_uuid " or "" for who is no mapping, ARGV[9] call id, ARGV[10] instant in ms until which the
--         call is taken to be in flight, ARGV[11] most calls of the mapping,
--         ARGV[12] ReceiveRequestAttemptId or "", ARGV[13] how long an attempt is known in ms
-- Returns {"no_queue"} | {"older_layout"} | {"busy", instant in ms at which a call is over at the latest} | {"ok",
--          lease in ms without its floor, the queue's wait time in seconds, dead-letter target or "", next due instant
--          in ms or -1, then seven for each message: "received" | "dead", id, receive count, first received instant in
--          ms, received instant in ms, sequence number (6 bytes), stored}
-- Messages beyond their retention are dropped on the way, a bounded number in one call: the head then stays due.
-- Invariant: a group yields from its first message on, up to the first that is hidden; its lane in due says when that
-- first message may be received. A claimed message stays where it is in its group.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local arrivals_key, order_key, remembered_key, forgetting_key = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now_ms, most, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease_ms, floor_ms, is_counted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local most_leased, attempt_id, remembered_ms = tonumber(ARGV[7]), ARGV[12], tonumber(ARGV[13])
local mapping, call_id, call_until_ms, most_calls = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local calls_key = KEYS[10]
local now, after_now = ARGV[1], '(' .. ARGV[1]
local admit, busy_until = include('admit'), include('busy_until')
local plain_bytes, retained_from = include('plain_bytes'), include('retained_from')
local first_in_lane, visible_at = include('first_in_lane'), include('visible_at')
local forget_bytes, free_first = include('forget_bytes'), include('free_first')
local entry_at, replace_row, six_bytes = include('entry_at'), include('replace_row'), include('six_bytes')
local forget_expired, instant_at_head = include('forget_expired'), include('instant_at_head')
local rows_at_once = 1 + math.ceil(math.min(most, 160) / 16)

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds', 'max_receive_count', 'dead_letter_target', 'DelaySeconds',
  'stored_bytes', 'layout')
if not attributes[1] then return {'no_queue'} end
if attributes[8] ~= '3' then return {'older_layout'} end
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
  now = now, now_ms = now_ms, max_receives = is_counted and tonumber(attributes[4] or nil) or math.huge,
}
local handed_out = {}

local over_ms = mapping ~= '' and busy_until(calls_key, mapping, most_calls, now_ms)
if over_ms then return {'busy', over_ms} end

local function hand_out(fate, lane, id, number, count, first_at_ms, received_at_ms, stored)
  local last = #reply
  reply[last + 1], reply[last + 2], reply[last + 3], reply[last + 4] = fate, id, count, first_at_ms
  reply[last + 5], reply[last + 6], reply[last + 7] = received_at_ms, number, stored
  if fate == 'received' then
    handed_out[#handed_out + 1] = {lane = lane, id = id, number = number, count = count, first_at_ms = first_at_ms}
  end
end

local to_lease, to_note = {}, {}  -- instant in ms and id, id and what is to stand in receives: one command for several

local function write_leases()
  if #to_lease > 0 then redis.call('ZADD', leased_key, unpack(to_lease)) end
  to_lease = {}
end

local function write_notes()
  if #to_note > 0 then redis.call('HSET', receives_key, unpack(to_note)) end
  to_note = {}
end

local function line_up_lane(lane)
  write_leases()
  local row = first_in_lane(order_key, lane)
  if row then
    local _, sent_at_ms, id = entry_at(row, #lane + 1)
    redis.call('ZADD', due_key, visible_at(leased_key, id, sent_at_ms, delay_ms), lane)
  else
    redis.call('ZREM', due_key, lane)
  end
end

local is_any_delayed  -- not known before it is of use

-- Takes one message that stands first among the visible ones of its group; returns whether the next may be taken, too,
-- and whether it was dropped instead.
local function take(lane, number, sent_at_ms, id)
  if visible_at(leased_key, id, sent_at_ms, delay_ms) > now_ms then return false end
  local stored = redis.call('HGET', messages_key, id)
  if not stored or retained_from(stored) + retention_ms <= now_ms then
    freed_bytes = freed_bytes + #(stored or '')
    redis.call('HDEL', messages_key, id)
    redis.call('HDEL', receives_key, id)
    redis.call('ZREM', leased_key, id)
    redis.call('ZREM', arrivals_key, id)
    drops_left = drops_left - 1
    return drops_left > 0, true
  end
  local fate, count, first_at_ms, noted = admit(batch, redis.call('HGET', receives_key, id), plain_bytes(stored))
  if not fate then return false end
  if noted then
    if #to_note == 2000 then write_notes() end
    to_note[#to_note + 1] = id
    to_note[#to_note + 1] = noted
  end
  if is_any_delayed == nil then is_any_delayed = redis.call('EXISTS', arrivals_key) == 1 end
  if is_any_delayed then redis.call('ZREM', arrivals_key, id) end
  if #to_lease == 2000 then write_leases() end
  to_lease[#to_lease + 1] = fate == 'dead' and dead_until_ms or leased_until_ms
  to_lease[#to_lease + 1] = id
  hand_out(fate, lane, id, number, count, first_at_ms, now_ms, stored)
  return true
end

-- Takes what it may of a row; returns whether the next row may be looked at, and the last number that was.
local function take_from_row(lane, row)
  local at, kept_from, kept, goes_on, last = #lane + 1, #lane + 1, lane, true, ''
  while goes_on and at <= #row and batch.taken < most do
    local number, sent_at_ms, id, next_at = entry_at(row, at)
    local is_dropped
    goes_on, is_dropped = take(lane, number, sent_at_ms, id)
    if is_dropped then
      kept = kept .. string.sub(row, kept_from, at - 1)
      kept_from = next_at
    end
    at, last = next_at, number
  end
  if kept_from > #lane + 1 then replace_row(order_key, lane, row, kept .. string.sub(row, kept_from)) end
  return goes_on, last
end

local function take_from(lane)
  local from, past, goes_on = '[' .. lane, '(' .. string.sub(lane, 1, -2) .. '\1', true
  while goes_on and batch.taken < most do
    local rows = redis.call('ZRANGEBYLEX', order_key, from, past, 'LIMIT', 0, rows_at_once)
    if #rows == 0 then break end
    local last
    for _, row in ipairs(rows) do
      goes_on, last = take_from_row(lane, row)
      if not goes_on or batch.taken == most then break end
    end
    from = '(' .. lane .. last .. '\255'  -- a row that lost its first entries stands further behind
  end
  line_up_lane(lane)
end

local attempt_field = 'r' .. attempt_id

-- Hands out again what an attempt received, if nothing of it has changed since; returns whether it did.
local function repeat_attempt()
  local remembered = redis.call('HGET', remembered_key, attempt_field)
  if not remembered or instant_at_head(remembered) <= now_ms then return false end
  local attempt = cjson.decode(string.sub(remembered, 7))
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
  redis.call('HSET', remembered_key, attempt_field, string.sub(remembered, 1, 6) .. cjson.encode(attempt))
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
    local until_bytes = six_bytes(now_ms + remembered_ms)
    forget_expired(remembered_key, forgetting_key, now_ms, instant_at_head)
    redis.call('HSET', remembered_key, attempt_field, until_bytes .. cjson.encode(attempt))
    redis.call('RPUSH', forgetting_key, until_bytes .. attempt_field)
  end
end

if redis.call('ZCOUNT', leased_key, after_now, '+inf') >= most_leased then
  -- A FIFO queue says nothing then. It is due again when the first lease ends.
  local lapse = redis.call('ZRANGEBYSCORE', leased_key, after_now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  reply[5] = tonumber(lapse[2])
  return reply
end
if attempt_id == '' or not repeat_attempt() then claim() end
write_notes()
forget_bytes(queue_key, attributes[7], freed_bytes)
if mapping ~= '' and batch.taken > 0 then redis.call('ZADD', calls_key, call_until_ms, mapping .. call_id) end
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if head[2] then reply[5] = tonumber(head[2]) end
return reply
