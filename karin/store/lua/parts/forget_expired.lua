-- Forgets what a FIFO queue need remember no longer, a bounded number in one call.
return function(remembered_key, forgetting_key, now_ms, instant_at_head)
  for _ = 1, 1000 do
    local first = redis.call('LINDEX', forgetting_key, 0)
    if not first or instant_at_head(first) > now_ms then return end
    redis.call('LPOP', forgetting_key)
    local field = string.sub(first, 7)
    local remembered = redis.call('HGET', remembered_key, field)
    if remembered and instant_at_head(remembered) <= now_ms then redis.call('HDEL', remembered_key, field) end
  end
end
