-- Stores messages in a FIFO queue, each behind its group; a duplicate of the last five minutes changes nothing.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:forgetting        LIST
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] most bytes that the queue may
--         hold, ARGV[5] bytes that count for each message beside what is stored, ARGV[6] how long a duplicate is known
--         in ms
-- ARGV[7..] seven for each message: id, size in bytes (0: it is bound by no limit), group, receives that it brings
--           along or "", 1 if it was given a deduplication id, else 0, the two digests of that id or of the one of its
--           content, in the queue and in its group, stored message
-- Returns {"no_queue"} | {"older_layout"} | {"no_deduplication_id"} | {"ok", max_bytes, bytes that the queue holds now,
--          then three for
--         each message: "sent" | "duplicate" | "too_long" | "over_limit", message id, sequence number (6 bytes) or ""}
-- Invariant: every message has an entry in order; what the queue's delay holds back stands in arrivals too, what was
-- received before in leased. The lane of its group stands in due. A nudge is sent only when the head of due moved
-- earlier.
local queue_key, due_key, messages_key, receives_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local arrivals_key, order_key, remembered_key, forgetting_key = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now_ms, queue_name, channel, remembered_ms = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[6])
local most_held, bytes_beside = tonumber(ARGV[4]), tonumber(ARGV[5])
local retain_from, retained_from = include('retain_from'), include('retained_from')
local forget_expired, instant_at_head = include('forget_expired'), include('instant_at_head')
local replace_row, six_bytes = include('replace_row'), include('six_bytes')
local most_in_row, digest_bytes = 464, 15  -- sixteen entries with the ids of today

local attributes = redis.call('HMGET', queue_key, 'MaximumMessageSize', 'DelaySeconds', 'ContentBasedDeduplication',
  'DeduplicationScope', 'stored_bytes', 'layout', 'sequence')
if not attributes[1] then return {'no_queue'} end
if attributes[6] ~= '3' then return {'older_layout'} end
local max_bytes, delay_ms = tonumber(attributes[1]), tonumber(attributes[2]) * 1000
local is_by_content, is_by_group = attributes[3] == 'true', attributes[4] == 'messageGroup'
-- A command costs a script more than what it does for one message, so all messages share one of each kind.
local ids, fields = {}, {}
for i = 7, #ARGV, 7 do
  local digests = ARGV[i + 5]
  if ARGV[i + 4] == '0' and not is_by_content then return {'no_deduplication_id'} end
  ids[#ids + 1] = ARGV[i]
  digests = is_by_group and string.sub(digests, digest_bytes + 1) or string.sub(digests, 1, digest_bytes)
  fields[#fields + 1] = 'd' .. digests
end

forget_expired(remembered_key, forgetting_key, now_ms, instant_at_head)

local before = redis.call('HLEN', messages_key)
local stored_bytes = before == 0 and 0 or tonumber(attributes[5] or 0)
local held = stored_bytes + before * bytes_beside
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
local due_at_ms, is_earlier = now_ms + delay_ms, false
local sent_at_bytes, until_bytes = six_bytes(now_ms), six_bytes(now_ms + remembered_ms)

local is_one = #ids <= 1  -- or none; then the command that stores it tells whether it was there
local are_there = is_one and {} or redis.call('HMGET', messages_key, unpack(ids))
local remembered = #ids > 0 and redis.call('HMGET', remembered_key, unpack(fields))
local to_store, to_remember, to_forget, to_hold_back = {}, {}, {}, {}
local is_new, new_of = {}, {}  -- id -> true, field -> what is to be remembered of a message of this command
local sequence = tonumber(attributes[7] or 0)

-- Returns id and sequence number of the message that was sent with the same deduplication id before.
local function first_of(place)
  local known = new_of[fields[place]] or remembered[place]
  if not known or instant_at_head(known) <= now_ms then return nil end
  return string.sub(known, 13), string.sub(known, 7, 12)
end

local ends = {}  -- lane -> its last row, as it is in the store and as it will be

local function line_up(id, lane, number)
  local last = ends[lane]
  if not last then
    local past = string.sub(lane, 1, -2) .. '\1'
    local row = redis.call('ZREVRANGEBYLEX', order_key, '(' .. past, '[' .. lane, 'LIMIT', 0, 1)[1]
    last = {before = row, row = row or lane}
    ends[lane] = last
    if not row then
      redis.call('ZADD', due_key, due_at_ms, lane)
      is_earlier = is_earlier or not head[2] or due_at_ms < tonumber(head[2])
    end
  end
  local entry = number .. sent_at_bytes .. string.char(#id) .. id
  if #last.row - #lane + #entry > most_in_row then
    if last.row ~= last.before then replace_row(order_key, lane, last.before, last.row) end
    last.before, last.row = nil, lane
  end
  last.row = last.row .. entry
  if delay_ms > 0 then
    to_hold_back[#to_hold_back + 1] = now_ms
    to_hold_back[#to_hold_back + 1] = id
  end
end

local reply = {'ok', max_bytes, 0}
local sent_bytes = 0
for place, id in ipairs(ids) do
  local i, field = 7 * place, fields[place]
  local size, group, received, stored = tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3], ARGV[i + 6]
  local first_id, first_number = first_of(place)
  local word, number = 'sent', ''
  -- What comes from another queue is retained anew.
  if retained_from(stored) ~= now_ms then stored = retain_from(stored, now_ms) end
  local is_over = size > 0 and held + bytes_beside + #stored > most_held
  local is_there = are_there[place] or is_new[id]
  if is_one and is_over then is_there = redis.call('HEXISTS', messages_key, id) == 1 end
  if size > max_bytes then
    word = 'too_long'
  elseif first_id then
    word, id, number = 'duplicate', first_id, first_number
  elseif is_over and not is_there then
    word = 'over_limit'
  elseif is_there or (is_one and redis.call('HSETNX', messages_key, id, stored) == 0) then
    word = 'duplicate'  -- a move that is repeated after a long pause
  else
    if not is_one then
      to_store[#to_store + 1] = id
      to_store[#to_store + 1] = stored
    end
    sequence, is_new[id] = sequence + 1, true
    number = six_bytes(sequence)
    if received ~= '' then redis.call('HSET', receives_key, id, received) end
    line_up(id, group .. '\0', number)
    sent_bytes, held = sent_bytes + #stored, held + bytes_beside + #stored
    new_of[field] = until_bytes .. number .. id
    to_remember[#to_remember + 1] = field
    to_remember[#to_remember + 1] = new_of[field]
    to_forget[#to_forget + 1] = until_bytes .. field
  end
  reply[#reply + 1] = word
  reply[#reply + 1] = id
  reply[#reply + 1] = number
end

if #to_store > 0 then redis.call('HSET', messages_key, unpack(to_store)) end
if #to_hold_back > 0 then redis.call('ZADD', arrivals_key, unpack(to_hold_back)) end
if sent_bytes > 0 then
  redis.call('HSET', remembered_key, unpack(to_remember))
  redis.call('RPUSH', forgetting_key, unpack(to_forget))
end
for lane, last in pairs(ends) do replace_row(order_key, lane, last.before, last.row) end
if sent_bytes > 0 then
  redis.call('HSET', queue_key, 'stored_bytes', stored_bytes + sent_bytes, 'sequence', sequence)
end
reply[3] = held
if is_earlier then redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, due_at_ms)) end
return reply
