-- Nudges the schedulers if the head of a queue moved earlier, or if it is due and calls waited for this one's end.
-- Returns when the queue is due next in ms, -1 when it is empty.
return function(due_key, head_before, channel, queue_name, now_ms, is_awaited)
  local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
  if not head[2] then return -1 end
  local due_at_ms = tonumber(head[2])
  -- The turn of a lane that was served may be a fraction of a millisecond after now.
  local is_due = due_at_ms < now_ms + 1
  if not head_before[2] or due_at_ms < tonumber(head_before[2]) or (is_due and is_awaited) then
    redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, due_at_ms))
  end
  return math.floor(due_at_ms)
end
