-- Takes due messages of a standard queue under a lease and tells when the queue is due next.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- KEYS[8] karin:{queue}:lanes     ZSET
-- KEYS[9] karin:{queue}:calls     ZSET
-- ARGV[1] now_ms, ARGV[2] most messages to take, ARGV[3] most bytes of stored messages to take, as if none were
--         compressed (the first is taken whatever its size), ARGV[4] lease in ms (-1: the queue's visibility timeout),
--         ARGV[5] shortest lease in ms,
--         ARGV[6] 1: the receive counts, 0: it does not, and nothing is dead, ARGV[7] most messages in flight,
--         ARGV[8] "mapping_uuid " or "" for who is no mapping, ARGV[9] call id, ARGV[10] instant in ms until which the
--         call is taken to be in flight, ARGV[11] most calls of the mapping, ARGV[12] how long a batch may fill in ms
-- Returns {"no_queue"} | {"over_limit"} | {"busy", instant in ms at which a call is over at the latest} | {"ok", lease
--          in ms without its floor, the queue's wait time in seconds, dead-letter target or "", next due instant in ms
--          or -1, a list of the dead, then the received, each with four: id, receive count, first received instant in
--          ms, stored}
-- A batch that may yet fill is left where it is; the queue is then due when it has waited long enough.
-- Messages beyond their retention are dropped on the way, a bounded number in one call: the head then stays due.
-- Invariant: a claimed message, dead or not, stays in line at the end of its lease: a crash of the claimer needs no
-- repair. A lane that was served goes behind whatever else is due: no group holds up another.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_key, order_key, lanes_key = KEYS[6], KEYS[7], KEYS[8]
local now_ms, most, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease_ms, floor_ms, is_counted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local most_leased, now, after_now, calls_key = tonumber(ARGV[7]), ARGV[1], '(' .. ARGV[1], KEYS[9]
local mapping, call_id, call_until_ms, most_calls = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local window_ms, before_next_ms = tonumber(ARGV[12]), string.format('(%.0f', tonumber(ARGV[1]) + 1)
local admit, busy_until = include('admit'), include('busy_until')
local plain_bytes, retained_from = include('plain_bytes'), include('retained_from')
local first_in_lane, forget_bytes = include('first_in_lane'), include('forget_bytes')
local free_first = include('free_first')

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds', 'max_receive_count', 'dead_letter_target', 'stored_bytes')
if not attributes[1] then return {'no_queue'} end
if redis.call('ZCARD', leased_key) >= most_leased
  and redis.call('ZCOUNT', leased_key, after_now, '+inf') >= most_leased then
  return {'over_limit'}
end
if lease_ms < 0 then lease_ms = tonumber(attributes[1]) * 1000 end
local retention_ms = tonumber(attributes[2]) * 1000
local leased_until_ms = now_ms + math.max(lease_ms, floor_ms, 1)  -- never now: the loop would take it again
local dead_until_ms = math.max(leased_until_ms, now_ms + 10000)  -- whoever moves the dead needs a moment

if mapping == '' then
  free_first(queue_key)
else  -- which begins with taking something away, too
  local over_ms = busy_until(calls_key, mapping, most_calls, now_ms)
  if over_ms then return {'busy', over_ms} end
end

-- Returns the first message of a lane: its place in the order, its id, and the instant at which it is due.
local function head_of(lane)
  local place = first_in_lane(order_key, lane)
  if not place then return nil end
  return place, string.sub(place, #lane + 14), tonumber(string.sub(place, #lane + 1, #lane + 13))
end

-- Puts a lane where its first message is due, but not before a turn.
local function line_up_lane(lane, turn_ms)
  local place, _, due_at_ms = head_of(lane)
  if place then
    turn_ms = math.max(due_at_ms, turn_ms)
    redis.call('ZADD', due_key, turn_ms, lane)
    redis.call('ZADD', lanes_key, turn_ms, lane)
  else
    redis.call('ZREM', due_key, lane)
    redis.call('ZREM', lanes_key, lane)
  end
end

local freed_bytes = 0

local function drop(id, lane, place, stored)
  freed_bytes = freed_bytes + #(stored or '')
  redis.call('HDEL', messages_key, id)
  redis.call('HDEL', receives_key, id)
  redis.call('ZREM', leased_key, id)
  if lane then
    redis.call('ZREM', order_key, place)
    redis.call('ZREM', grouped_key, id)
    line_up_lane(lane, tonumber(redis.call('ZSCORE', due_key, lane)))  -- what expired does not cost its turn
  else
    redis.call('ZREM', due_key, id)
  end
end

local turns = 0  -- taken by lanes in this claim; a score of today tells 4,096 parts of a millisecond apart

local leased = {}  -- instant in ms and id of each message without a group that was taken, written at once

local function lease(id, lane, place, until_ms)
  if not lane then
    leased[#leased + 1] = until_ms
    leased[#leased + 1] = id
    return
  end
  redis.call('ZADD', leased_key, until_ms, id)
  redis.call('ZREM', order_key, place)
  redis.call('ZADD', order_key, 0, lane .. string.format('%013.0f', until_ms) .. id)
  redis.call('ZADD', grouped_key, until_ms, id)
  turns = math.min(turns + 1, 2047)
  line_up_lane(lane, now_ms + turns / 2048)  -- behind all that is due, and behind who was served before
end

local dead = {}
local reply = {'ok', lease_ms, tonumber(attributes[3]), attributes[5] or '', -1, dead}
local drops_left = 1000
local batch = {
  most = most, most_bytes = most_bytes, is_counted = is_counted, taken = 0, dead = 0, bytes = 0, is_full = false,
  now = now, now_ms = now_ms, max_receives = is_counted and tonumber(attributes[4] or nil) or math.huge,
}
local to_note = {}  -- id and what is to stand in receives, of all that were taken

local function take(id, stored, received, lane, place)
  if not stored or retained_from(stored) + retention_ms <= now_ms then
    drop(id, lane, place, stored)
    drops_left = drops_left - 1
    return
  end
  local fate, count, first_at_ms, noted = admit(batch, received, plain_bytes(stored))
  if not fate then return end
  lease(id, lane, place, fate == 'dead' and dead_until_ms or leased_until_ms)
  if noted then
    to_note[#to_note + 1] = id
    to_note[#to_note + 1] = noted
  end
  local told = fate == 'dead' and dead or reply
  local last = #told
  told[last + 1], told[last + 2], told[last + 3], told[last + 4] = id, count, first_at_ms, stored
end

if window_ms > 0 then
  -- Returns the messages that are due until an instant, in that order: a batch full, if there are as many.
  local function line_until(latest_ms)
    local line = {}
    local function join(key)
      local members = redis.call('ZRANGEBYSCORE', key, '-inf', latest_ms, 'WITHSCORES', 'LIMIT', 0, most)
      for i = 1, #members, 2 do
        local is_lane = string.sub(members[i], -1) == '\0'
        if not is_lane then line[#line + 1] = {id = members[i], due_at_ms = tonumber(members[i + 1])} end
      end
      return #members > 0
    end
    join(due_key)
    if join(grouped_key) then table.sort(line, function(one, other) return one.due_at_ms < other.due_at_ms end) end
    return line
  end

  -- Returns when the messages that are there make a full batch, an instant at the latest, and how many bytes are left:
  -- by all that are due until then, or only by those that are due now, if all are too many.
  local function full_by(latest_ms)
    local left, left_now = most_bytes, most_bytes
    for place, message in ipairs(line_until(latest_ms)) do
      left = left - plain_bytes(redis.call('HGET', messages_key, message.id) or '')
      if message.due_at_ms <= now_ms then left_now = left end
      if left <= 0 or place == most then return message.due_at_ms, left_now end
    end
    return latest_ms, left
  end

  -- Returns when a batch has waited long enough, if it is yet to fill; nil when it may go.
  local function window_end()
    local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
    if not head[2] or tonumber(head[2]) >= now_ms + 1 then return nil end
    local ends_at_ms, room = full_by(math.floor(tonumber(head[2])) + window_ms)
    if ends_at_ms <= now_ms then
      redis.call('HDEL', queue_key, 'window_most', 'window_room')
      return nil
    end
    -- Whoever sends tells when it may be full.
    redis.call('HSET', queue_key, 'window_most', most, 'window_room', room)
    return ends_at_ms
  end

  local waits_until_ms = window_end()
  if waits_until_ms then
    reply[5] = waits_until_ms
    return reply
  end
end

local most_read = 1
if most > 1 then
  local at_once = include('at_once')
  most_read = at_once(messages_key, attributes[6], 10)
end

while batch.taken < most and drops_left > 0 and not batch.is_full do
  local wanted = most - batch.taken
  local members = redis.call('ZRANGEBYSCORE', due_key, '-inf', before_next_ms, 'LIMIT', 0, wanted)
  local is_all, read_before, bodies, receives = #members < wanted, 0, nil, nil
  for each, member in ipairs(members) do
    if string.sub(member, -1) ~= '\0' then
      if not bodies or each - read_before > most_read then
        read_before = each - 1
        local last = math.min(read_before + most_read, #members)
        bodies = redis.call('HMGET', messages_key, unpack(members, each, last))
        receives = redis.call('HMGET', receives_key, unpack(members, each, last))
      end
      take(member, bodies[each - read_before], receives[each - read_before])
    else
      is_all = false  -- it may have more that is due
      local place, id, due_at_ms = head_of(member)
      if place and due_at_ms <= now_ms then
        take(id, redis.call('HGET', messages_key, id), redis.call('HGET', receives_key, id), member, place)
      else
        line_up_lane(member, now_ms)
      end
    end
    if batch.is_full then break end
  end
  for from = 1, #leased, 2000 do
    local last = math.min(from + 1999, #leased)
    redis.call('ZADD', leased_key, unpack(leased, from, last))
    redis.call('ZADD', due_key, unpack(leased, from, last))
  end
  leased = {}
  if is_all then break end
end
for from = 1, #to_note, 2000 do
  redis.call('HSET', receives_key, unpack(to_note, from, math.min(from + 1999, #to_note)))
end

forget_bytes(queue_key, attributes[6], freed_bytes)
if mapping ~= '' and batch.taken > 0 then redis.call('ZADD', calls_key, call_until_ms, mapping .. call_id) end
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if head[2] then reply[5] = math.floor(tonumber(head[2])) end
return reply
