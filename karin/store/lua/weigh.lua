-- Tells how many bytes the queues named hold, the names of all, and how much memory the store may take.
-- KEYS[1] karin:queues            ZSET
-- KEYS[2] karin:{queue}:queue     HASH
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4..] the same of the other queues
-- ARGV[1] bytes that count for each message beside what is stored, ARGV[2] the same in a FIFO queue, ARGV[3] 1 if the
--         names are among KEYS, else 0; on a cluster they come alone, and so does each queue
-- Returns {"ok", memory in bytes, 0 when it is not bounded, -1 when the store does not tell, a list of all names, then
--         the bytes that each queue holds, in the order of KEYS}
-- Invariant: read-only; no message is touched.
local bytes_beside, fifo_bytes_beside, named = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local info = redis.pcall('INFO', 'memory')  -- providers refuse it, and that must not cost the answer
local most_memory = type(info) == 'string' and string.match(info, 'maxmemory:(%d+)')
local names = {}
if named == 1 then names = redis.call('ZRANGE', KEYS[named], 0, -1) end
local reply = {'ok', tonumber(most_memory or -1), names}
local first_queue = named + 1
for i = first_queue, #KEYS, 2 do
  local state = redis.call('HMGET', KEYS[i], 'stored_bytes', 'FifoQueue')
  local beside = redis.call('HLEN', KEYS[i + 1]) * (state[2] and fifo_bytes_beside or bytes_beside)
  reply[#reply + 1] = tonumber(state[1] or 0) + beside
end
return reply
