-- Returns the row of a FIFO queue's order in which a lane has a sequence number (6 bytes), if it has it at all.
-- Nil when it has none as low.
return function(order_key, lane, number)
  -- No instant of a send begins with 255.
  return redis.call('ZREVRANGEBYLEX', order_key, '[' .. lane .. number .. '\255', '[' .. lane, 'LIMIT', 0, 1)[1]
end
