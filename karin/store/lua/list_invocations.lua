-- Tells the last invocations of every queue named.
-- KEYS[1] karin:{queue}:invocations    LIST
-- KEYS[2..] karin:{queue}:invocations  LIST
-- ARGV[1] most invocations of each queue
-- Returns {"ok", for each queue, in the order of KEYS, a list of its records, newest first}
-- Invariant: read-only.
local first_key, most = KEYS[1], tonumber(ARGV[1])

local reply = {'ok', redis.call('LRANGE', first_key, 0, most - 1)}
for i = 2, #KEYS do reply[#reply + 1] = redis.call('LRANGE', KEYS[i], 0, most - 1) end
return reply
