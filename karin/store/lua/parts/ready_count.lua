-- Returns how many messages of a standard queue are ready: lanes stand in due, but are none.
return function(due_key, lanes_key, grouped_key, now_ms)
  return redis.call('ZCOUNT', due_key, '-inf', now_ms) - redis.call('ZCOUNT', lanes_key, '-inf', now_ms)
    + redis.call('ZCOUNT', grouped_key, '-inf', now_ms)
end
