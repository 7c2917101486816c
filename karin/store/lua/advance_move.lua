-- Notes what a scheduler moved, keeps its task to it for a while, and tells where the task stands; or ends the task.
-- KEYS[1] karin:{queue}:move   HASH
-- KEYS[2] karin:{queue}:moves  LIST
-- ARGV[1] now_ms, ARGV[2] task id, ARGV[3] scheduler id, ARGV[4] for how long no other scheduler may work on it in ms,
--         ARGV[5] id of a report or "", ARGV[6] how many messages it says were moved, ARGV[7] their receipts, packed,
--         ARGV[8] the task as it ends, JSON, or "", ARGV[9] how many ended tasks are kept
-- Returns {"gone"} | {"busy", instant in ms until which another scheduler works on it} | {"ended"}
--         | {"ok", task as it began, status, number moved, id of the last report, its receipts}
-- Invariant: a report counts once, however often it comes, and only from whoever the task belongs to. The messages it
-- names are in their destination and yet to be deleted here: whoever works on the task next does so.
local move_key, moves_key = KEYS[1], KEYS[2]
local now_ms, task_id, scheduler_id, owned_ms = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local report_id, moved, receipts, ended, most_kept = ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[9])

local task = redis.call('HMGET', move_key, 'task_id', 'owner', 'owned_until_ms', 'report')
if task[1] ~= task_id then return {'gone'} end
local owned_until_ms = tonumber(task[3])
if task[2] ~= scheduler_id and owned_until_ms > now_ms then return {'busy', owned_until_ms} end

if ended ~= '' then
  redis.call('LPUSH', moves_key, ended)
  redis.call('LTRIM', moves_key, 0, most_kept - 1)
  redis.call('DEL', move_key)
  return {'ended'}
end

redis.call('HSET', move_key, 'owner', scheduler_id, 'owned_until_ms', string.format('%.0f', now_ms + owned_ms))
if report_id ~= '' and report_id ~= task[4] then
  redis.call('HINCRBY', move_key, 'moved', moved)
  redis.call('HSET', move_key, 'report', report_id, 'unsettled', receipts)
end
local stands = redis.call('HMGET', move_key, 'task', 'status', 'moved', 'report', 'unsettled')
return {'ok', stands[1], stands[2], tonumber(stands[3]), stands[4], stands[5]}
