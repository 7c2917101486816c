-- Returns when a call of the mapping is over at the latest, if it has as many in flight as it may; nil otherwise.
return function(calls_key, mapping, most_calls, now_ms)
  redis.call('ZREMRANGEBYSCORE', calls_key, '-inf', now_ms)
  local in_flight, first_over_ms = 0, nil
  local calls = redis.call('ZRANGE', calls_key, 0, -1, 'WITHSCORES')
  for i = 1, #calls, 2 do
    if string.sub(calls[i], 1, #mapping) == mapping then
      in_flight = in_flight + 1
      first_over_ms = first_over_ms or tonumber(calls[i + 1])
    end
  end
  if in_flight >= most_calls then return first_over_ms end
end
