-- Forgets that messages were sent to a FIFO queue, so that they may be sent again within five minutes.
-- KEYS[1] karin:{queue}:remembered        HASH
-- KEYS[2] karin:{queue}:remembered-until  ZSET
-- ARGV[1] what the fields of sent messages begin with, ARGV[2..] the rest of each: the group, where duplicates are told
--         by group, NUL, deduplication id
-- Returns {"ok"}
-- Invariant: no message is touched; twice does no more than once.
local remembered_key, remembered_until_key = KEYS[1], KEYS[2]
local beginning = ARGV[1]

for i = 2, #ARGV do
  redis.call('HDEL', remembered_key, beginning .. ARGV[i])
  redis.call('ZREM', remembered_until_key, beginning .. ARGV[i])
end
return {'ok'}
