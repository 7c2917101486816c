-- Stores messages and makes each due after its delay; sending an id again changes nothing.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:grouped   ZSET
-- KEYS[6] karin:{queue}:order     ZSET
-- KEYS[7] karin:{queue}:lanes     ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] most bytes that the queue may
--         hold, ARGV[5] bytes that count for each message beside what is stored, ARGV[6] size in bytes of the largest
-- ARGV[7..] five for each message: id, size in bytes (0: it is bound by no limit), delay in ms (-1: the queue's own),
--           stored message, "" or what few have: "receive_count first_received_at_ms group", of which the count may be
--           0 and the group ""
-- Returns {"no_queue"} | {"ok", max_bytes, bytes that the queue holds now, then one word for each message: "sent"
--         | "too_long" | "over_limit"}, and when all are sent the first three alone, as text
-- Invariant: a message stands in due, or in grouped and order and its lane in due, if and only if it is in messages;
-- a nudge is sent only when the head of due moved earlier, or a batch that was left to fill is full.
local queue_key, due_key, messages_key, receives_key, grouped_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local order_key, lanes_key = KEYS[6], KEYS[7]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local most_held, bytes_beside, largest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local least_limit, least_retention_ms = 1024, 60000  -- that a queue may have

-- A command costs a script more than what it does for one message, so all messages share one of each kind. What few
-- need is asked for, and its numbers, tables and functions made, only where they do: each takes as long as ten lines.
local attributes = redis.call('HMGET', queue_key, 'MaximumMessageSize', 'DelaySeconds', 'MessageRetentionPeriod',
  'stored_bytes', 'window_most')
if not attributes[1] then return {'no_queue'} end
local is_any_too_long = largest > least_limit and largest > tonumber(attributes[1])

local before = redis.call('HLEN', messages_key)
local stored_bytes = before == 0 and 0 or attributes[4] or 0
local held, sent_bytes, plain_sent_bytes = stored_bytes + before * bytes_beside, 0, 0

local is_one = #ARGV <= 11  -- or none; then the command that stores it tells whether it was there
local are_there, to_store, to_make_due
local is_new  -- ids, and lanes that are due earlier than before -> true
if not is_one then
  local ids = {}
  for i = 7, #ARGV, 5 do ids[#ids + 1] = ARGV[i] end
  are_there, to_store, to_make_due, is_new = redis.call('HMGET', messages_key, unpack(ids)), {}, {}, {}
end

local moved  -- the last of what is new in due, or a lane that is due earlier than before
local earliest_at_ms, as_early = math.huge, 0  -- of all that, how much is due first

local refused  -- place -> why
local place = 0
for i = 7, #ARGV, 5 do
  local id, size, delay_ms, stored, rest = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
  place = place + 1
  if delay_ms < 0 then delay_ms = attributes[2] * 1000 end
  if delay_ms >= least_retention_ms and delay_ms >= attributes[3] * 1000 then
    -- Counted from the send, it would be lost before it is due.
    local retain_from = include('retain_from')
    stored = retain_from(stored, now_ms + delay_ms)
  end
  local is_over = held + bytes_beside + #stored > most_held and size ~= '0'
  local is_there, word
  if not is_one then
    is_there = is_new[id] or are_there[place]
  elseif is_over then
    is_there = redis.call('HEXISTS', messages_key, id) == 1
  end
  if is_any_too_long and tonumber(size) > tonumber(attributes[1]) then
    word = 'too_long'
  elseif is_over and not is_there then
    word = 'over_limit'
  elseif is_one then
    is_there = redis.call('HSETNX', messages_key, id, stored) == 0
  elseif not is_there then
    to_store[#to_store + 1] = id
    to_store[#to_store + 1] = stored
  end

  if word then
    refused = refused or {}
    refused[place] = word
  elseif not is_there then
    local due_at_ms = now_ms + delay_ms
    local count, first_at_ms, group = '0', '0', ''
    if rest ~= '' then count, first_at_ms, group = string.match(rest, '^(%d+) (%d+) (.*)$') end
    if count ~= '0' then redis.call('HSET', receives_key, id, count .. ' ' .. first_at_ms) end
    moved = id
    if group ~= '' then
      local lane = group .. '\0'
      redis.call('ZADD', grouped_key, due_at_ms, id)
      redis.call('ZADD', order_key, 0, lane .. string.format('%013.0f', due_at_ms) .. id)
      moved = redis.call('ZADD', due_key, 'LT', 'CH', due_at_ms, lane) == 1 and lane
      redis.call('ZADD', lanes_key, 'LT', due_at_ms, lane)
    elseif is_one then
      redis.call('ZADD', due_key, due_at_ms, id)
    else
      to_make_due[#to_make_due + 1] = due_at_ms
      to_make_due[#to_make_due + 1] = id
    end
    if not is_one then is_new[id], is_new[moved or id] = true, true end
    if moved then
      if due_at_ms < earliest_at_ms then earliest_at_ms, as_early = due_at_ms, 0 end
      if due_at_ms == earliest_at_ms then as_early = as_early + 1 end
    end
    sent_bytes, held = sent_bytes + #stored, held + bytes_beside + #stored
    if attributes[5] then
      local plain_bytes = include('plain_bytes')
      plain_sent_bytes = plain_sent_bytes + plain_bytes(stored)
    end
  end
end

if sent_bytes > 0 then
  if not is_one then
    redis.call('HSET', messages_key, unpack(to_store))
    if #to_make_due > 0 then redis.call('ZADD', due_key, unpack(to_make_due)) end
  end
  redis.call('HSET', queue_key, 'stored_bytes', stored_bytes + sent_bytes)
  -- What is new and stands first may stand beside something that is due as early.
  local first = redis.call('ZRANGE', due_key, 0, 0)[1]
  if (first == moved or (is_new and is_new[first]))
    and redis.call('ZCOUNT', due_key, '-inf', earliest_at_ms) == as_early then
    redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, earliest_at_ms))
  end
end

local room = attributes[5] and tonumber(redis.call('HGET', queue_key, 'window_room') or nil)
if room and room > 0 then  -- the scheduler lets a batch fill, and is told when it is full
  local ready_count = include('ready_count')
  room = redis.call('HINCRBY', queue_key, 'window_room', -plain_sent_bytes)
  if room <= 0 or ready_count(due_key, lanes_key, grouped_key, now_ms) >= tonumber(attributes[5]) then
    redis.call('HSET', queue_key, 'window_room', 0)
    redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, now_ms))
  end
end

if not refused then return 'ok ' .. attributes[1] .. ' ' .. held end
local reply = {'ok', tonumber(attributes[1]), held}
for each = 1, place do reply[#reply + 1] = refused[each] or 'sent' end
return reply
