-- Counts a message into a batch, and its receive unless it is dead; nothing, when the batch has no room for it.
-- Returns "received" | "dead", receive count and first received instant in ms; nil, once the batch is full.
return function(batch, receives_key, id, plain_bytes, now_ms)
  local received = redis.call('HGET', receives_key, id)
  local count, first_at_ms = 0, now_ms
  if received then
    local past_count, past_first = string.match(received, '^(%d+) (%d+)')
    count, first_at_ms = tonumber(past_count), tonumber(past_first)
  end
  local is_dead, is_first = count >= batch.max_receives, batch.taken + batch.dead == 0
  if (not is_first and batch.bytes + plain_bytes > batch.most_bytes) or (is_dead and batch.dead == batch.most) then
    batch.is_full = true
    return nil
  end
  batch.bytes = batch.bytes + plain_bytes
  if is_dead then
    batch.dead = batch.dead + 1
    return 'dead', count, first_at_ms
  end
  batch.taken = batch.taken + 1
  if batch.is_counted then count = count + 1 end
  if batch.is_counted or received then
    -- Whatever the last receiver set is over.
    redis.call('HSET', receives_key, id, string.format('%.0f %.0f', count, first_at_ms))
  end
  return 'received', count, first_at_ms
end
