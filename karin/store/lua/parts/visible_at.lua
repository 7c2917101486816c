-- Returns the instant in ms at which a message of a FIFO queue may be received, whatever stands before it.
return function(leased_key, id, sent_at_ms, delay_ms)
  local leased_until_ms = redis.call('ZSCORE', leased_key, id)
  return leased_until_ms and tonumber(leased_until_ms) or sent_at_ms + delay_ms
end
