-- Forgets that messages were sent to a FIFO queue, so that they may be sent again within five minutes.
-- KEYS[1] karin:{queue}:remembered  HASH
-- ARGV[1] field of a message, by queue or by group, ARGV[2..] more of them
-- Returns {"ok"}
-- Invariant: no message is touched; twice does no more than once.
local remembered_key, first = KEYS[1], ARGV[1]

redis.call('HDEL', remembered_key, first)
for i = 2, #ARGV do redis.call('HDEL', remembered_key, ARGV[i]) end
return {'ok'}
