-- Tells how many bytes the queues named hold, the names of all, and how much memory the store may take.
-- KEYS[1] karin:queues            ZSET
-- KEYS[2] karin:{queue}:queue     HASH
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4..] the same of the other queues
-- ARGV[1] bytes that count for each message beside what is stored, ARGV[2] the same in a FIFO queue
-- Returns {"ok", memory in bytes, 0 when it is not bounded, -1 when the store does not tell, a list of all names, then
--         the bytes that each queue holds, in the order of KEYS}
-- Invariant: read-only; no message is touched.
local queues_key, bytes_beside, fifo_bytes_beside = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])

local info = redis.pcall('INFO', 'memory')  -- providers refuse it, and that must not cost the answer
local most_memory = type(info) == 'string' and string.match(info, 'maxmemory:(%d+)')
local reply = {'ok', tonumber(most_memory or -1), redis.call('ZRANGE', queues_key, 0, -1)}
for i = 2, #KEYS, 2 do
  local state = redis.call('HMGET', KEYS[i], 'stored_bytes', 'FifoQueue')
  local beside = redis.call('HLEN', KEYS[i + 1]) * (state[2] and fifo_bytes_beside or bytes_beside)
  reply[#reply + 1] = tonumber(state[1] or 0) + beside
end
return reply
