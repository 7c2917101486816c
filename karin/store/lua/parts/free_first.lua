-- Removes nothing, as a script's first write: what frees memory is allowed to a full store, and all writes after it.
-- It holds from Redis 3 on; the flag allow-oom of Redis 7 would say the same, and be an error to older servers.
return function(hash_key)
  redis.call('HDEL', hash_key, '')
end
