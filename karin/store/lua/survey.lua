-- Tells of every queue named what it holds and what was done with it lately, without touching a message.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:leased    ZSET
-- KEYS[5] karin:{queue}:grouped   ZSET, of a FIFO queue karin:{queue}:arrivals ZSET
-- KEYS[6] karin:{queue}:order     ZSET
-- KEYS[7] karin:{queue}:lanes     ZSET, of a FIFO queue karin:{queue}:remembered HASH
-- KEYS[8] karin:{queue}:done      HASH
-- KEYS[9..] the same of the other queues
-- ARGV[1] now_ms
-- Returns {"ok", for each queue a list: empty when there is none, else ready, leased, delayed, next due instant in ms
--          or -1, the instant in ms at which the first in line was sent or -1, pairs of the hash of what was done,
--          pairs field, value}
-- Invariant: read-only.
local queue_key, due_key, messages_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local grouped_or_arrivals_key = KEYS[5]
local order_key, lanes_key, done_key, now_ms = KEYS[6], KEYS[7], KEYS[8], ARGV[1]
local ready_count, count_states = include('ready_count'), include('count_states')
local first_in_lane, retained_from = include('first_in_lane'), include('retained_from')
local entry_at = include('entry_at')

local function survey_of(queue, due, messages, leased, grouped_or_arrivals, order, lanes, done)
  local fields = redis.call('HGETALL', queue)
  if #fields == 0 then return {} end
  local told = {count_states(queue, due, messages, leased, grouped_or_arrivals, lanes, now_ms, ready_count)}
  local head = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  local id = head[1]
  local stored = id and redis.call('HGET', messages, id)
  if id and string.sub(id, -1) == '\0' then
    local place = first_in_lane(order, id) or ''
    -- Behind the lane stand the 13 digits of an instant, or, in a FIFO queue, the entry of the first message.
    stored = redis.call('HGET', messages, string.sub(place, #id + 14))
    if not stored and place ~= '' then
      local _, _, first_id = entry_at(place, #id + 1)
      stored = redis.call('HGET', messages, first_id)
    end
  end
  told[4] = head[2] and math.floor(tonumber(head[2])) or -1
  told[5] = stored and retained_from(stored) or -1
  told[6] = redis.call('HGETALL', done)
  told[7] = fields
  return told
end

local reply = {'ok'}
reply[2] =
  survey_of(queue_key, due_key, messages_key, leased_key, grouped_or_arrivals_key, order_key, lanes_key, done_key)
for i = 9, #KEYS, 8 do reply[#reply + 1] = survey_of(unpack(KEYS, i, i + 7)) end
return reply
