-- Shows one message whole, without receiving it.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET, of a FIFO queue karin:{queue}:arrivals ZSET
-- ARGV[1] now_ms, ARGV[2] the message's id, or its beginning, as a person writes it, ARGV[3] as the store spells an
--         id, ARGV[4] the whole bytes with which it begins there or "", ARGV[5] four bits of the next or -1, ARGV[6]
--         most members of each sorted set to search for a beginning
-- Returns {"no_queue"} | {"unknown", number of messages in the queue} | {"ambiguous", two ids that begin so} | {"ok",
--          its state "ready" | "delayed" | "leased", id, due instant in ms, receive count, first received instant in ms
--          or 0, stored}
-- A whole id is found at once; a beginning is searched among the messages that are due first.
-- Invariant: read-only.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_or_arrivals_key = KEYS[6]
local now_ms, beginning, whole_id, first_bytes = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local next_bits, most_searched = tonumber(ARGV[5]), tonumber(ARGV[6])
local state_of = include('state_of')

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'FifoQueue', 'DelaySeconds')
if not attributes[1] then return {'no_queue'} end
local is_fifo, delay_ms = attributes[2], tonumber(attributes[3]) * 1000

local function score_of(key, member)
  return tonumber(redis.call('ZSCORE', key, member) or nil)
end

local function begins_so(member)
  if string.sub(member, 1, #beginning) == beginning then return true end
  if #member ~= 16 or first_bytes == '' or string.sub(member, 1, #first_bytes) ~= first_bytes then return false end
  return next_bits < 0 or math.floor(string.byte(member, #first_bytes + 1) / 16) == next_bits
end

-- Returns the id that begins so, and another one if there is one.
local function find()
  for _, id in ipairs({whole_id, beginning}) do
    if redis.call('HEXISTS', messages_key, id) == 1 then return id end
  end
  local found
  for _, key in ipairs({is_fifo and leased_key or due_key, grouped_or_arrivals_key}) do
    for _, member in ipairs(redis.call('ZRANGE', key, 0, most_searched - 1)) do
      if begins_so(member) and redis.call('HEXISTS', messages_key, member) == 1 then
        if found then return found, member end
        found = member
      end
    end
  end
  return found
end

local id, other_id = find()
if not id then return {'unknown', redis.call('HLEN', messages_key)} end
if other_id then return {'ambiguous', id, other_id} end

local leased_until_ms = score_of(leased_key, id)
local due_at_ms
if is_fifo then
  due_at_ms = leased_until_ms or (score_of(grouped_or_arrivals_key, id) or now_ms) + delay_ms
else
  due_at_ms = score_of(due_key, id) or score_of(grouped_or_arrivals_key, id) or now_ms
end
local state = state_of(leased_until_ms, due_at_ms, now_ms)
local count, first_at_ms = string.match(redis.call('HGET', receives_key, id) or '0 0', '^(%d+) (%d+)')
local stored = redis.call('HGET', messages_key, id)
return {'ok', state, id, due_at_ms, tonumber(count), tonumber(first_at_ms), stored}
