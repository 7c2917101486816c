-- Writes what is to become of messages that were received from a standard queue.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- KEYS[8] karin:{queue}:lanes     ZSET
-- KEYS[9] karin:{queue}:calls     ZSET
-- KEYS[10] karin:{queue}:invocations LIST
-- KEYS[11] karin:{queue}:done      HASH
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] "mapping_uuid call_id" or "",
--         ARGV[5] instant in ms until which the call goes on, 0 when it is over, ARGV[6] 1: other calls may wait for
--         its end, ARGV[7] the invocation to record or "", ARGV[8] most bytes of recorded invocations
-- ARGV[9..] five for each message: id, receive count of the receipt, group or "",
--           "delete" | "delete_held" | "extend" | "hold" | "retry" | "give_back", instant in ms at which it is due
--           again
-- Returns {"no_queue"} | {"ok", next due instant in ms or -1, then for each message "done" | "gone" | "lost"}
-- Invariant: a message that was received again since is left to whoever holds it ("lost"), but for a plain delete;
-- giving back takes the receive off its count. What a receiver extended itself, its function's end leaves alone, and so
-- does a hold, which never shortens a lease. Settling twice does no more than settling once.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_key, order_key, lanes_key = KEYS[6], KEYS[7], KEYS[8]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local calls_key, invocations_key, done_key = KEYS[9], KEYS[10], KEYS[11]
local call, call_until_ms, is_awaited = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local invocation, most_recorded = ARGV[7], tonumber(ARGV[8])
local first_in_lane, line_up_lane = include('first_in_lane'), include('line_up_lane')
local note_call, note_done, note_verdict = include('note_call'), include('note_done'), include('note_verdict')
local nudge_if_earlier, record = include('nudge_if_earlier'), include('record')
local forget_bytes, free_first = include('forget_bytes'), include('free_first')
local older_id = include('older_id')

local state = redis.call('HMGET', queue_key, 'created_at_ms', 'stored_bytes')
if not state[1] then return {'no_queue'} end
free_first(queue_key)
local before, held = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES'), redis.call('HLEN', messages_key)

-- Takes a message out of line, or moves it to another instant.
local function move(id, group, due_at_ms)
  if group == '' then
    if due_at_ms then redis.call('ZADD', due_key, due_at_ms, id) else redis.call('ZREM', due_key, id) end
    return
  end
  local lane = group .. '\0'
  local stood_at_ms = redis.call('ZSCORE', grouped_key, id)
  if stood_at_ms then
    redis.call('ZREM', order_key, lane .. string.format('%013.0f', tonumber(stood_at_ms)) .. id)
  end
  if due_at_ms then
    redis.call('ZADD', order_key, 0, lane .. string.format('%013.0f', due_at_ms) .. id)
    redis.call('ZADD', grouped_key, due_at_ms, id)
  else
    redis.call('ZREM', grouped_key, id)
  end
  line_up_lane(due_key, lanes_key, lane, first_in_lane(order_key, lane), now_ms)
end

local reply = {'ok', -1}
local freed_bytes = 0
for i = 9, #ARGV, 5 do
  local id, count, group, verdict = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]
  local due_at_ms = math.max(tonumber(ARGV[i + 4]), now_ms)
  local bytes = redis.call('HSTRLEN', messages_key, id)
  if bytes == 0 then
    id = older_id(id)
    bytes = redis.call('HSTRLEN', messages_key, id)
  end
  local received = redis.call('HGET', receives_key, id) or '0 0'
  local held_count, first_at_ms, mark = string.match(received, '^(%d+) (%d+)(.*)$')
  local effect = 'done'
  if bytes == 0 then
    effect = 'gone'
  elseif verdict ~= 'delete' and tonumber(held_count) ~= count then
    effect = 'lost'
  elseif verdict == 'delete' or verdict == 'delete_held' then
    redis.call('HDEL', messages_key, id)
    freed_bytes = freed_bytes + bytes
    redis.call('HDEL', receives_key, id)
    redis.call('ZREM', leased_key, id)
    move(id, group, nil)
  elseif mark == '' or (verdict ~= 'hold' and verdict ~= 'retry') then  -- what a function set itself stands
    if verdict == 'hold' then due_at_ms = math.max(due_at_ms, tonumber(redis.call('ZSCORE', leased_key, id) or 0)) end
    move(id, group, due_at_ms)
    if verdict ~= 'give_back' and due_at_ms > now_ms then
      redis.call('ZADD', leased_key, due_at_ms, id)
    else
      redis.call('ZREM', leased_key, id)
    end
    note_verdict(receives_key, id, verdict, count, first_at_ms)
  end
  reply[#reply + 1] = effect
end

forget_bytes(queue_key, state[2], freed_bytes)
note_done(done_key, now_ms, held - redis.call('HLEN', messages_key))
note_call(calls_key, call, call_until_ms)
record(queue_key, invocations_key, invocation, most_recorded)
reply[2] = nudge_if_earlier(due_key, before, channel, queue_name, now_ms, is_awaited)
return reply
