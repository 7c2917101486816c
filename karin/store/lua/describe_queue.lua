-- Tells a queue's attributes and how many messages it holds in each state, without touching one.
-- KEYS[1] karin:{queue}:queue   HASH
-- KEYS[2] karin:{queue}:due     ZSET
-- KEYS[3] karin:{queue}:leased  ZSET
-- ARGV[1] now_ms
-- Returns {"no_queue"} | {"ok", ready, leased, delayed, next due instant in ms or -1, then pairs field, value}
-- Invariant: read-only.
local queue_key, due_key, leased_key = KEYS[1], KEYS[2], KEYS[3]
local now_ms = ARGV[1]

local fields = redis.call('HGETALL', queue_key)
if #fields == 0 then return {'no_queue'} end
local ready = redis.call('ZCOUNT', due_key, '-inf', now_ms)
local later = redis.call('ZCARD', due_key) - ready
local leased = redis.call('ZCOUNT', leased_key, '(' .. now_ms, '+inf')
local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')

local reply = {'ok', ready, leased, later - leased, head[2] and tonumber(head[2]) or -1}
for _, field in ipairs(fields) do reply[#reply + 1] = field end
return reply
