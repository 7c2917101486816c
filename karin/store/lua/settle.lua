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
-- Returns {"no_queue"} | {"ok", next due instant in ms or -1, then for each message "done" | "gone" | "lost"}, and when
--         all are done the first two alone, as text
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
local note_call, note_done = include('note_call'), include('note_done')
local nudge_if_earlier, record = include('nudge_if_earlier'), include('record')
local forget_bytes, free_first = include('forget_bytes'), include('free_first')

local state = redis.call('HMGET', queue_key, 'created_at_ms', 'stored_bytes')
if not state[1] then return {'no_queue'} end
local held = redis.call('HLEN', messages_key)
-- So many are read at once, and their bodies with them if they are short: a command costs more than such a body.
local at_once, are_short = 10, tonumber(state[2] or 0) < 2048 * held

local before  -- the head of due before anything moved to an instant; deleting moves none earlier that have no group

-- Must be called before anything else is written than what deletes messages without a group.
local function begin()
  if before then return end
  before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
  free_first(queue_key)
end

-- Takes a message with a group out of line, or moves it to another instant.
local function move(id, group, due_at_ms)
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

-- What is yet to be written: messages to delete, those of them without a group, instants and ids to stand in due and in
-- leased, ids to stand in leased no more.
local to_delete, to_take_out, to_make_due, to_lease, to_release = {}, {}, {}, {}, {}

local function write()
  if #to_delete > 0 then
    redis.call('HDEL', messages_key, unpack(to_delete))
    redis.call('HDEL', receives_key, unpack(to_delete))
    redis.call('ZREM', leased_key, unpack(to_delete))
    to_delete = {}
  end
  if #to_take_out > 0 then
    redis.call('ZREM', due_key, unpack(to_take_out))
    to_take_out = {}
  end
  if #to_make_due > 0 then
    redis.call('ZADD', due_key, unpack(to_make_due))
    to_make_due = {}
  end
  if #to_lease > 0 then
    redis.call('ZADD', leased_key, unpack(to_lease))
    to_lease = {}
  end
  if #to_release > 0 then
    redis.call('ZREM', leased_key, unpack(to_release))
    to_release = {}
  end
end

local freed_bytes, deleted = 0, 0

-- Does to a message what a verdict says, soon; returns the effect.
local function settle(id, bytes, received, count, group, verdict, due_at_ms)
  local held_count, first_at_ms, mark = string.match(received or '0 0', '^(%d+) (%d+)(.*)$')
  if bytes == 0 then return 'gone' end
  if verdict ~= 'delete' and held_count ~= count then return 'lost' end
  if verdict == 'delete' or verdict == 'delete_held' then
    to_delete[#to_delete + 1] = id
    freed_bytes, deleted = freed_bytes + bytes, deleted + 1
    if group == '' then
      to_take_out[#to_take_out + 1] = id
    else
      begin()
      move(id, group, nil)
    end
    return 'done'
  end
  -- What a function set itself stands.
  if mark ~= '' and (verdict == 'hold' or verdict == 'retry') then return 'done' end
  begin()
  due_at_ms = math.max(tonumber(due_at_ms), now_ms)
  if verdict == 'hold' then due_at_ms = math.max(due_at_ms, tonumber(redis.call('ZSCORE', leased_key, id) or 0)) end
  if group ~= '' then
    move(id, group, due_at_ms)
  else
    to_make_due[#to_make_due + 1] = due_at_ms
    to_make_due[#to_make_due + 1] = id
  end
  if verdict ~= 'give_back' and due_at_ms > now_ms then
    to_lease[#to_lease + 1] = due_at_ms
    to_lease[#to_lease + 1] = id
  else
    to_release[#to_release + 1] = id
  end
  local note_verdict = include('note_verdict')
  note_verdict(receives_key, id, verdict, tonumber(count), first_at_ms)
  return 'done'
end

local effects, are_all_done, is_settled = {}, true, {}
for first = 9, #ARGV, 5 * at_once do
  local last = math.min(#ARGV, first + 5 * at_once - 1)
  local ids = {}
  for i = first, last, 5 do ids[#ids + 1] = ARGV[i] end
  local bodies = are_short and redis.call('HMGET', messages_key, unpack(ids))
  local receives = redis.call('HMGET', receives_key, unpack(ids))
  for each, id in ipairs(ids) do
    local i, received = first + 5 * each - 5, receives[each]
    local bytes = bodies and #(bodies[each] or '')
    if is_settled[id] then
      write()
      bytes, received = nil, redis.call('HGET', receives_key, id)
    end
    bytes = bytes or redis.call('HSTRLEN', messages_key, id)
    if bytes == 0 then
      local older_id = include('older_id')
      id = older_id(id)
      bytes, received = redis.call('HSTRLEN', messages_key, id), redis.call('HGET', receives_key, id)
    end
    is_settled[id] = true
    local effect = settle(id, bytes, received, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
    effects[#effects + 1], are_all_done = effect, are_all_done and effect == 'done'
  end
  write()
end
if deleted == 0 then begin() end

forget_bytes(queue_key, state[2], freed_bytes)
note_done(done_key, now_ms, deleted)
note_call(calls_key, call, call_until_ms)
record(queue_key, invocations_key, invocation, most_recorded)
local due_at_ms = nudge_if_earlier(due_key, before or {false, 0}, channel, queue_name, now_ms, is_awaited)
if are_all_done then return 'ok ' .. due_at_ms end
local reply = {'ok', due_at_ms}
for _, effect in ipairs(effects) do reply[#reply + 1] = effect end
return reply
