-- Stores messages and makes each due after its delay; sending an id again changes nothing.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- KEYS[8] karin:{queue}:lanes     ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] most bytes that the queue may
--         hold, ARGV[5] bytes that count for each message beside what is stored
-- ARGV[6..] six for each message: id, size in bytes (0: it is bound by no limit), group or "", receives that it brings
--           along or "", delay in ms (-1: the queue's own), stored message
-- Returns {"no_queue"} | {"ok", max_bytes, bytes that the queue holds now, then one word for each message:
--         "sent" | "too_long" | "over_limit"}
-- Invariant: a message stands in due, or in grouped and order and its lane in due, if and only if it is in messages;
-- a nudge is sent only when the head of due moved earlier, or a batch that was left to fill is full.
local queue_key, due_key, messages_key, receives_key, grouped_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6]
local order_key, lanes_key = KEYS[7], KEYS[8]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local most_held, bytes_beside = tonumber(ARGV[4]), tonumber(ARGV[5])
local plain_bytes, ready_count = include('plain_bytes'), include('ready_count')
local retain_from = include('retain_from')

local attributes = redis.call('HMGET', queue_key, 'MaximumMessageSize', 'DelaySeconds', 'MessageRetentionPeriod',
  'window_most', 'window_room', 'stored_bytes')
if not attributes[1] then return {'no_queue'} end
local max_bytes, queue_delay_ms = tonumber(attributes[1]), tonumber(attributes[2]) * 1000
local retention_ms = tonumber(attributes[3]) * 1000

local before = redis.call('HLEN', messages_key)
local stored_bytes = before == 0 and 0 or tonumber(attributes[6] or 0)
local held = stored_bytes + before * bytes_beside
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
local head_at_ms = head[2] and tonumber(head[2]) or math.huge
local earliest_at_ms = head_at_ms

local to_make_due = {}  -- at once: a command costs a script more than what it does for one message

local function line_up(id, group, due_at_ms)
  if group == '' then
    to_make_due[#to_make_due + 1] = due_at_ms
    to_make_due[#to_make_due + 1] = id
  else
    local lane = group .. '\0'
    redis.call('ZADD', grouped_key, due_at_ms, id)
    redis.call('ZADD', order_key, 0, lane .. string.format('%013.0f', due_at_ms) .. id)
    redis.call('ZADD', due_key, 'LT', due_at_ms, lane)
    redis.call('ZADD', lanes_key, 'LT', due_at_ms, lane)
  end
  earliest_at_ms = math.min(earliest_at_ms, due_at_ms)
end

-- Tells the scheduler that lets a batch fill when it is full.
local function fill_window(sent_bytes)
  local room = redis.call('HINCRBY', queue_key, 'window_room', -sent_bytes)
  local ready = ready_count(due_key, lanes_key, grouped_key, now_ms)
  if room <= 0 or ready >= tonumber(attributes[4]) then
    redis.call('HSET', queue_key, 'window_room', 0)
    redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, now_ms))
  end
end

local reply = {'ok', max_bytes, 0}
local sent_bytes, plain_sent_bytes = 0, 0
for i = 6, #ARGV, 6 do
  local id, size, group, received = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]
  local delay_ms, stored = tonumber(ARGV[i + 4]), ARGV[i + 5]
  local word = 'sent'
  if size > max_bytes then
    word = 'too_long'
  elseif size > 0 and held + bytes_beside + #stored > most_held and redis.call('HEXISTS', messages_key, id) == 0 then
    word = 'over_limit'
  else
    if delay_ms < 0 then delay_ms = queue_delay_ms end
    if delay_ms >= retention_ms then  -- counted from the send, it would be lost before it is due
      stored = retain_from(stored, now_ms + delay_ms)
    end
    if redis.call('HSETNX', messages_key, id, stored) == 1 then
      if received ~= '' then redis.call('HSET', receives_key, id, received) end
      line_up(id, group, now_ms + delay_ms)
      sent_bytes, held = sent_bytes + #stored, held + bytes_beside + #stored
      plain_sent_bytes = plain_sent_bytes + plain_bytes(stored)
    end
  end
  reply[#reply + 1] = word
end

if #to_make_due > 0 then redis.call('ZADD', due_key, unpack(to_make_due)) end
if sent_bytes > 0 then
  redis.call('HSET', queue_key, 'stored_bytes', string.format('%.0f', stored_bytes + sent_bytes))
end
reply[3] = held
if earliest_at_ms < head_at_ms then
  redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, earliest_at_ms))
end
if attributes[4] and tonumber(attributes[5]) > 0 then fill_window(plain_sent_bytes) end
return reply
