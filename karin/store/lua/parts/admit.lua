-- Counts a message into a batch, and its receive unless it is dead; nothing, when the batch has no room for it.
-- Returns "received" | "dead", receive count, first received instant in ms, and what is to stand in receives, nil when
-- nothing is; nil, once the batch is full.
return function(batch, received, plain_bytes)
  local count, first_at_ms, first_at = 0, batch.now_ms, batch.now
  if received then
    count, first_at = string.match(received, '^(%d+) (%d+)')
    count, first_at_ms = tonumber(count), tonumber(first_at)
  end
  local is_dead, is_first = count >= batch.max_receives, batch.taken + batch.dead == 0
  if (not is_first and batch.bytes + plain_bytes > batch.most_bytes) or (is_dead and batch.dead == batch.most) then
    batch.is_full = true
    return nil
  end
  batch.bytes = batch.bytes + plain_bytes
  if is_dead then
    batch.dead = batch.dead + 1
    return 'dead', count, first_at_ms, nil
  end
  batch.taken = batch.taken + 1
  if batch.is_counted then count = count + 1 end
  -- Whatever the last receiver set is over. To spell a number takes as long as all else here.
  local noted = (batch.is_counted or received) and (count == 1 and '1 ' or count .. ' ') .. first_at
  return 'received', count, first_at_ms, noted or nil
end
