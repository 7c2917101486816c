-- Returns the place of a lane's first message in the order; nil when the lane is empty.
return function(order_key, lane)
  local past = string.sub(lane, 1, -2) .. '\1'
  return redis.call('ZRANGEBYLEX', order_key, '[' .. lane, '(' .. past, 'LIMIT', 0, 1)[1]
end
