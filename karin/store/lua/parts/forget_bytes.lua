-- Takes bytes that are stored no more off those that a queue is known to store.
return function(queue_key, stored_bytes, freed_bytes)
  if freed_bytes == 0 then return end
  redis.call('HSET', queue_key, 'stored_bytes', math.max((stored_bytes or 0) - freed_bytes, 0))
end
