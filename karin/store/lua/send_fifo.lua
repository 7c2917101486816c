-- Stores messages in a FIFO queue, each behind its group; a duplicate of the last five minutes changes nothing.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:remembered-until  ZSET
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] most bytes that the queue may
--         hold, ARGV[5] bytes that count for each message beside what is stored, ARGV[6] how long a duplicate is known
--         in ms
-- ARGV[7..] seven for each message: id, size in bytes (0: it is bound by no limit), group, receives that it brings
--           along or "", deduplication id as given or "", the one of its content, stored message
-- Returns {"no_queue"} | {"no_deduplication_id"} | {"ok", max_bytes, bytes that the queue holds now, then three for
--         each message: "sent" | "duplicate" | "too_long" | "over_limit", message id, sequence number or ""}
-- Invariant: every message stands in order, and either in arrivals or, once it was received, in leased; the lane of
-- its group stands in due. A nudge is sent only when the head of due moved earlier.
local queue_key, due_key, messages_key, receives_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local arrivals_key, order_key, remembered_key, remembered_until_key = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now_ms, queue_name, channel, remembered_ms = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[6])
local most_held, bytes_beside = tonumber(ARGV[4]), tonumber(ARGV[5])
local retain_from, retained_from = include('retain_from'), include('retained_from')

local attributes = redis.call('HMGET', queue_key, 'MaximumMessageSize', 'DelaySeconds', 'ContentBasedDeduplication',
  'DeduplicationScope', 'stored_bytes')
if not attributes[1] then return {'no_queue'} end
local max_bytes, delay_ms = tonumber(attributes[1]), tonumber(attributes[2]) * 1000
local is_by_content, is_by_group = attributes[3] == 'true', attributes[4] == 'messageGroup'
for i = 7, #ARGV, 7 do
  if ARGV[i + 4] == '' and not is_by_content then return {'no_deduplication_id'} end
end

for _, field in ipairs(redis.call('ZRANGEBYSCORE', remembered_until_key, '-inf', now_ms, 'LIMIT', 0, 1000)) do
  redis.call('HDEL', remembered_key, field)
  redis.call('ZREM', remembered_until_key, field)
end

local before = redis.call('HLEN', messages_key)
local stored_bytes = before == 0 and 0 or tonumber(attributes[5] or 0)
local held = stored_bytes + before * bytes_beside
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
local due_at_ms, is_earlier = now_ms + delay_ms, false

-- Returns id and sequence number of the message that was sent with the same deduplication id before.
local function first_of(field)
  local until_ms = redis.call('ZSCORE', remembered_until_key, field)
  if not until_ms or tonumber(until_ms) <= now_ms then return nil end
  local remembered = redis.call('HGET', remembered_key, field)
  local number, id = string.match(remembered, '^(%d+) (.*)$')
  if number then return id, number end
  return string.match(remembered, '^(%S+) (%S+)$')  -- as version 1 of the layout has it
end

local function line_up(id, lane, number, stored)
  redis.call('HSET', messages_key, id, stored)
  redis.call('ZADD', arrivals_key, now_ms, id)
  redis.call('ZADD', order_key, 0, lane .. number .. id)
  if not redis.call('ZSCORE', due_key, lane) then
    redis.call('ZADD', due_key, due_at_ms, lane)
    is_earlier = is_earlier or not head[2] or due_at_ms < tonumber(head[2])
  end
end

local reply = {'ok', max_bytes, 0}
local sent_bytes = 0
for i = 7, #ARGV, 7 do
  local id, size, group, received, given = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local field = 'd' .. (is_by_group and group or '') .. '\0' .. (given ~= '' and given or ARGV[i + 5])
  local first_id, first_number = first_of(field)
  local word, number, stored = 'sent', '', ARGV[i + 6]
  if size > max_bytes then
    word = 'too_long'
  elseif first_id then
    word, id, number = 'duplicate', first_id, first_number
  elseif redis.call('HEXISTS', messages_key, id) == 1 then  -- a move that is repeated after a long pause
    word = 'duplicate'
  elseif size > 0 and held + bytes_beside + #stored > most_held then
    word = 'over_limit'
  else
    -- Twenty digits, as AWS has them; a Lua number alone would hold sixteen of them exactly.
    number = '1' .. string.format('%019.0f', redis.call('HINCRBY', queue_key, 'sequence', 1))
    if received ~= '' then redis.call('HSET', receives_key, id, received) end
    -- What comes from another queue is retained anew.
    if retained_from(stored) ~= now_ms then stored = retain_from(stored, now_ms) end
    line_up(id, group .. '\0', number, stored)
    sent_bytes, held = sent_bytes + #stored, held + bytes_beside + #stored
    redis.call('HSET', remembered_key, field, number .. ' ' .. id)
    redis.call('ZADD', remembered_until_key, now_ms + remembered_ms, field)
  end
  reply[#reply + 1] = word
  reply[#reply + 1] = id
  reply[#reply + 1] = number
end

if sent_bytes > 0 then
  redis.call('HSET', queue_key, 'stored_bytes', string.format('%.0f', stored_bytes + sent_bytes))
end
reply[3] = held
if is_earlier then redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, due_at_ms)) end
return reply
