-- Gives some of what a FIFO queue holds the third version of the layout; remembered-until belongs to those before.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:messages          HASH
-- KEYS[3] karin:{queue}:arrivals          ZSET
-- KEYS[4] karin:{queue}:order             ZSET
-- KEYS[5] karin:{queue}:remembered        HASH
-- KEYS[6] karin:{queue}:forgetting        LIST
-- KEYS[7] karin:{queue}:remembered-until  ZSET
-- ARGV[1] where to go on in the order, as told, "-" at first, ARGV[2] most messages to look at
-- Returns {"no_queue"} | {"ok", where to go on, "" when all is done}
-- Invariant: each step leaves everything where it was for whoever knows both versions, and may be repeated. A row of
-- this version stands before the places of the one before in its lane. Other scripts refuse the queue until all is
-- done.
local queue_key, messages_key, arrivals_key, order_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local remembered_key, forgetting_key, remembered_until_key = KEYS[5], KEYS[6], KEYS[7]
local from, most, most_in_row, digest_bytes = ARGV[1], tonumber(ARGV[2]), 464, 15
local free_first, replace_row = include('free_first'), include('replace_row')
local retained_from, six_bytes = include('retained_from'), include('six_bytes')
local over = '(\255'  -- behind the order's last

local attributes = redis.call('HMGET', queue_key, 'created_at_ms', 'DelaySeconds')
if not attributes[1] then return {'no_queue'} end
local delay_ms = tonumber(attributes[2] or 0) * 1000
free_first(queue_key)

-- Returns a sequence number of twenty digits as the order has it; nil when it is none.
local function packed(digits)
  local number = #digits == 20 and string.match(digits, '^1(%d+)$')
  return number and six_bytes(tonumber(number))
end

-- Returns when a message was sent, and leaves it in arrivals only if it belongs there.
local function sent_at(id)
  local arrived_at_ms = tonumber(redis.call('ZSCORE', arrivals_key, id) or nil)
  if arrived_at_ms and delay_ms > 0 then return arrived_at_ms end
  local stored = redis.call('HGET', messages_key, id) or ''
  local retained_from_ms, head = retained_from(stored), string.byte(stored) or 0
  -- With an instant of its send apart it may be one that a person put off beyond its retention: that stays.
  local is_as_sent = head >= 128 and math.floor(head / 16) % 2 == 0 and arrived_at_ms == retained_from_ms
  if is_as_sent then redis.call('ZREM', arrivals_key, id) end
  return arrived_at_ms or retained_from_ms
end

local places = redis.call('ZRANGEBYLEX', order_key, from, '+', 'LIMIT', 0, most)
local row, row_lane = '', ''
for _, place in ipairs(places) do
  local lane = string.sub(place, 1, string.find(place, '\0', 1, true))
  local number = packed(string.sub(place, #lane + 1, #lane + 20))
  if number then  -- else it is a row already
    local id = string.sub(place, #lane + 21)
    local entry = number .. six_bytes(sent_at(id)) .. string.char(#id) .. id
    redis.call('ZREM', order_key, place)
    if lane ~= row_lane or #row - #lane + #entry > most_in_row then
      replace_row(order_key, row_lane, nil, row)
      row, row_lane = lane, lane
    end
    row = row .. entry
  end
end
replace_row(order_key, row_lane, nil, row)
if #places == most then return {'ok', '(' .. places[#places]} end

local bytes = {}  -- of two hexadecimal digits
for byte = 0, 255 do bytes[string.format('%02x', byte)] = string.char(byte) end

-- Returns the field of what was sent with a deduplication id, as it is now.
local function digested(field)
  local digest = string.sub(redis.sha1hex(string.sub(field, 2)), 1, 2 * digest_bytes)
  return 'd' .. string.gsub(digest, '..', bytes)
end

local fields = redis.call('ZRANGE', remembered_until_key, 0, most - 1, 'WITHSCORES')
for i = 1, #fields, 2 do
  local field, until_bytes = fields[i], six_bytes(tonumber(fields[i + 1]))
  local remembered = redis.call('HGET', remembered_key, field)
  redis.call('HDEL', remembered_key, field)
  if remembered and string.sub(field, 1, 1) == 'd' then
    local number, id = string.match(remembered, '^(%d+) (.*)$')
    if not number then id, number = string.match(remembered, '^(%S+) (%S+)$') end  -- as version 1 has it
    remembered, field = packed(number) .. id, digested(field)
  end
  if remembered then
    redis.call('HSET', remembered_key, field, until_bytes .. remembered)
    redis.call('RPUSH', forgetting_key, until_bytes .. field)
  end
end
redis.call('ZREMRANGEBYRANK', remembered_until_key, 0, most - 1)
if #fields == 2 * most then return {'ok', over} end
redis.call('HSET', queue_key, 'layout', 3)
return {'ok', ''}
