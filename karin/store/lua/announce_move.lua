-- Puts a message move task on the list of those that schedulers see to, unless its account has too many.
-- KEYS[1] karin:moving  ZSET
-- ARGV[1] now_ms, ARGV[2] account, ARGV[3] task as account/name task_id, ARGV[4] most tasks of one account
-- Returns {"too_many"} | {"ok"}
-- Invariant: the list may name tasks that do not exist, never the other way round.
local moving_key = KEYS[1]
local now_ms, account, task, most = ARGV[1], ARGV[2] .. '/', ARGV[3], tonumber(ARGV[4])

local count = 0
for _, other in ipairs(redis.call('ZRANGE', moving_key, 0, -1)) do
  if other ~= task and string.sub(other, 1, #account) == account then count = count + 1 end
end
if count >= most then return {'too_many'} end
redis.call('ZADD', moving_key, now_ms, task)
return {'ok'}
