-- Tells a queue's attributes and how many messages it holds in each state, without touching one.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET, of a FIFO queue karin:{queue}:arrivals ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- KEYS[8] karin:{queue}:lanes     ZSET, of a FIFO queue karin:{queue}:remembered HASH
-- ARGV[1] now_ms
-- Returns {"no_queue"} | {"ok", ready, leased, delayed, next due instant in ms or -1, then pairs field, value}
-- Invariant: read-only.
local queue_key, due_key, messages_key, leased_key, lanes_key = KEYS[1], KEYS[2], KEYS[3], KEYS[5], KEYS[8]
local grouped_or_arrivals_key, now_ms = KEYS[6], ARGV[1]
local ready_count, count_states = include('ready_count'), include('count_states')

local fields = redis.call('HGETALL', queue_key)
if #fields == 0 then return {'no_queue'} end
local ready, leased, delayed =
  count_states(queue_key, due_key, messages_key, leased_key, grouped_or_arrivals_key, lanes_key, now_ms, ready_count)
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')

local reply = {'ok', ready, leased, delayed, head[2] and tonumber(head[2]) or -1}
for _, field in ipairs(fields) do reply[#reply + 1] = field end
return reply
