-- Asks whoever works on a message move task to end it.
-- KEYS[1] karin:{queue}:queue  HASH
-- KEYS[2] karin:{queue}:move   HASH
-- ARGV[1] now_ms, ARGV[2] task id
-- Returns {"no_queue"} | {"no_task"} | {"ok", task as it began, number moved, 1 if a scheduler works on it, else 0}
-- Invariant: the task stays active until a scheduler has deleted here whatever it moved.
local queue_key, move_key = KEYS[1], KEYS[2]
local now_ms, task_id = tonumber(ARGV[1]), ARGV[2]

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
local task = redis.call('HMGET', move_key, 'task_id', 'task', 'moved', 'owned_until_ms')
if task[1] ~= task_id then return {'no_task'} end
redis.call('HSET', move_key, 'status', 'CANCELLING')
return {'ok', task[2], tonumber(task[3]), tonumber(task[4]) > now_ms and 1 or 0}
