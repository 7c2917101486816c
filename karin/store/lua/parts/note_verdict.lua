-- Marks what its receiver extended itself, or takes a receive that was given back off the count of a message.
return function(receives_key, id, verdict, count, first_at_ms)
  if verdict == 'extend' and count > 0 then
    redis.call('HSET', receives_key, id, string.format('%.0f %s set', count, first_at_ms))
  elseif verdict == 'give_back' and count > 1 then
    redis.call('HSET', receives_key, id, string.format('%.0f %s', count - 1, first_at_ms))
  elseif verdict == 'give_back' then
    redis.call('HDEL', receives_key, id)
  end
end
