-- Notes until when in ms a function call goes on, if it is still taken to be in flight, or that it is over (0).
return function(calls_key, call, until_ms)
  if call ~= '' and until_ms > 0 then
    redis.call('ZADD', calls_key, 'XX', until_ms, call)
  elseif call ~= '' then
    redis.call('ZREM', calls_key, call)
  end
end
