-- Returns how many messages of a queue are ready, leased and delayed.
return function(queue_key, due_key, messages_key, leased_key, grouped_or_arrivals_key, lanes_key, now_ms, ready_count)
  local kind = redis.call('HMGET', queue_key, 'FifoQueue', 'DelaySeconds')
  local total = redis.call('HLEN', messages_key)
  local leased = redis.call('ZCOUNT', leased_key, '(' .. now_ms, '+inf')
  if kind[1] then
    local sent_at_ms = string.format('%.0f', tonumber(now_ms) - tonumber(kind[2]) * 1000)
    local delayed = redis.call('ZCOUNT', grouped_or_arrivals_key, '(' .. sent_at_ms, '+inf')
    return total - leased - delayed, leased, delayed
  end
  local ready = ready_count(due_key, lanes_key, grouped_or_arrivals_key, now_ms)
  return ready, leased, total - leased - ready
end
