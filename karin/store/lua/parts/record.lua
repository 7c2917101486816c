-- Records an invocation, unless it is "", and forgets the oldest beyond so many bytes.
return function(queue_key, invocations_key, invocation, most_bytes)
  if invocation == '' then return end
  redis.call('LPUSH', invocations_key, invocation)
  local recorded = redis.call('HINCRBY', queue_key, 'recorded_bytes', #invocation)
  while recorded > most_bytes do
    local oldest = redis.call('RPOP', invocations_key)
    if not oldest then break end
    recorded = redis.call('HINCRBY', queue_key, 'recorded_bytes', -#oldest)
  end
end
