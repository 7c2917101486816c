-- Returns how many bodies one command is to read of a queue that holds so many bytes.
-- A command costs more than a short body, but a long one may not be wanted in the end.
return function(messages_key, stored_bytes, most)
  local mean_bytes = (stored_bytes or 0) / math.max(redis.call('HLEN', messages_key), 1)
  return math.max(1, math.min(most, math.floor(65536 / math.max(mean_bytes, 1))))
end
