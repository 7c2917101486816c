-- Puts a row of a FIFO queue's order in the place of what it was, if it was there.
-- One without an entry left, the lane alone, is none.
return function(order_key, lane, before, row)
  if before then redis.call('ZREM', order_key, before) end
  if row ~= lane then redis.call('ZADD', order_key, 0, row) end
end
