-- Shows one message whole, without receiving it.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET, of a FIFO queue karin:{queue}:arrivals ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- ARGV[1] now_ms, ARGV[2] the message's id, or its beginning, as a person writes it, ARGV[3] as the store spells an
--         id, ARGV[4] the whole bytes with which it begins there or "", ARGV[5] four bits of the next or -1, ARGV[6]
--         most messages of each sorted set to search for a beginning
-- Returns {"no_queue"} | {"older_layout"} | {"unknown", number of messages in the queue} | {"ambiguous", two ids that
--          begin so} | {"ok", its state "ready" | "delayed" | "leased", id, due instant in ms, receive count, first
--          received instant in ms or 0, stored}
-- A whole id is found at once; a beginning is searched among the messages that are due first, in a FIFO queue among
-- those of the first groups by their names.
-- Invariant: read-only.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_or_arrivals_key, order_key = KEYS[6], KEYS[7]
local now_ms, beginning, whole_id, first_bytes = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local next_bits, most_searched = tonumber(ARGV[5]), tonumber(ARGV[6])
local entry_at, retained_from, state_of = include('entry_at'), include('retained_from'), include('state_of')

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'FifoQueue', 'DelaySeconds', 'layout')
if not attributes[1] then return {'no_queue'} end
if attributes[2] and attributes[4] ~= '3' then return {'older_layout'} end
local is_fifo, delay_ms = attributes[2], tonumber(attributes[3]) * 1000

local function score_of(key, member)
  return tonumber(redis.call('ZSCORE', key, member) or nil)
end

local function begins_so(member)
  if string.sub(member, 1, #beginning) == beginning then return true end
  if #member ~= 16 or first_bytes == '' or string.sub(member, 1, #first_bytes) ~= first_bytes then return false end
  return next_bits < 0 or math.floor(string.byte(member, #first_bytes + 1) / 16) == next_bits
end

-- Calls a function with the ids of the messages to search, until it returns true.
local function search(meet)
  if is_fifo then
    local looked, from = 0, '-'
    while looked < most_searched do
      local rows = redis.call('ZRANGEBYLEX', order_key, from, '+', 'LIMIT', 0, 100)
      if #rows == 0 then return end
      for _, row in ipairs(rows) do
        local at = string.find(row, '\0', 1, true) + 1
        while at <= #row and looked < most_searched do
          local _, _, id, next_at = entry_at(row, at)
          if meet(id) then return end
          at, looked = next_at, looked + 1
        end
      end
      from = '(' .. rows[#rows]
    end
    return
  end
  for _, key in ipairs({due_key, grouped_or_arrivals_key}) do
    for _, member in ipairs(redis.call('ZRANGE', key, 0, most_searched - 1)) do
      if meet(member) then return end
    end
  end
end

-- Returns the id that begins so, and another one if there is one.
local function find()
  for _, id in ipairs({whole_id, beginning}) do
    if redis.call('HEXISTS', messages_key, id) == 1 then return id end
  end
  local found, other
  search(function(member)
    if not begins_so(member) or redis.call('HEXISTS', messages_key, member) == 0 then return false end
    if found then other = member else found = member end
    return other
  end)
  return found, other
end

local id, other_id = find()
if not id then return {'unknown', redis.call('HLEN', messages_key)} end
if other_id then return {'ambiguous', id, other_id} end

local leased_until_ms, stored = score_of(leased_key, id), redis.call('HGET', messages_key, id)
local due_at_ms
if is_fifo then
  -- What is in neither set was retained from the instant at which it was sent.
  due_at_ms = leased_until_ms or (score_of(grouped_or_arrivals_key, id) or retained_from(stored)) + delay_ms
else
  due_at_ms = score_of(due_key, id) or score_of(grouped_or_arrivals_key, id) or now_ms
end
local state = state_of(leased_until_ms, due_at_ms, now_ms)
local count, first_at_ms = string.match(redis.call('HGET', receives_key, id) or '0 0', '^(%d+) (%d+)')
return {'ok', state, id, due_at_ms, tonumber(count), tonumber(first_at_ms), stored}
