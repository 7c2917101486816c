-- Makes a message move task the active one of its source.
-- KEYS[1] karin:{queue}:queue  HASH
-- KEYS[2] karin:{queue}:move   HASH
-- ARGV[1] now_ms, ARGV[2] task id, ARGV[3] what the task is to do, JSON
-- Returns {"no_queue"} | {"already_running"} | {"ok"}
-- Invariant: a source has one active task at most.
local queue_key, move_key = KEYS[1], KEYS[2]
local now_ms, task_id, task = ARGV[1], ARGV[2], ARGV[3]

if redis.call('EXISTS', queue_key) == 0 then return {'no_queue'} end
local running_id = redis.call('HGET', move_key, 'task_id')
if running_id == task_id then return {'ok'} end  -- asked twice, since the first answer was lost
if running_id then return {'already_running'} end
redis.call('HSET', move_key, 'task_id', task_id, 'task', task, 'status', 'RUNNING', 'moved', 0,
  'owner', '', 'owned_until_ms', now_ms, 'report', '', 'unsettled', '')
return {'ok'}
