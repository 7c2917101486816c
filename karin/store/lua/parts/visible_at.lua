-- Returns the instant in ms at which a message of a FIFO queue may be received, whatever stands before it.
return function(leased_key, arrivals_key, id, delay_ms)
  local leased_until_ms = redis.call('ZSCORE', leased_key, id)
  if leased_until_ms then return tonumber(leased_until_ms) end
  return tonumber(redis.call('ZSCORE', arrivals_key, id)) + delay_ms
end
