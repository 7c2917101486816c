-- Tells the message move tasks of a source, the active one first, then those that are over, the latest first.
-- KEYS[1] karin:{queue}:queue  HASH
-- KEYS[2] karin:{queue}:move   HASH
-- KEYS[3] karin:{queue}:moves  LIST
-- ARGV[1] now_ms, ARGV[2] most tasks to tell
-- Returns {"no_queue"} | {"ok", the active task as it began or "", its status, number moved, 1 if a scheduler works on
--         it, else 0, then each task that is over, JSON}
-- Invariant: read-only.
local queue_key, move_key, moves_key = KEYS[1], KEYS[2], KEYS[3]
local now_ms, most = tonumber(ARGV[1]), tonumber(ARGV[2])

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
local reply = {'ok', '', '', 0, 0}
local task = redis.call('HMGET', move_key, 'task', 'status', 'moved', 'owned_until_ms')
if task[1] then
  local is_attended = tonumber(task[4]) > now_ms
  reply = {'ok', task[1], task[2], tonumber(task[3]), is_attended and 1 or 0}
  most = most - 1
end
if most > 0 then
  for _, ended in ipairs(redis.call('LRANGE', moves_key, 0, most - 1)) do reply[#reply + 1] = ended end
end
return reply
