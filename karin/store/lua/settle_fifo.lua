-- Writes what is to become of messages that were received from a FIFO queue.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:remembered-until  ZSET
-- KEYS[10] karin:{queue}:calls            ZSET
-- KEYS[11] karin:{queue}:invocations      LIST
-- KEYS[12] karin:{queue}:done             HASH
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] "mapping_uuid call_id" or "",
--         ARGV[5] instant in ms until which the call goes on, 0 when it is over, ARGV[6] 1: other calls may wait for
--         its end, ARGV[7] the invocation to record or "", ARGV[8] most bytes of recorded invocations
-- ARGV[9..] six for each message: id, receive count of the receipt, group, sequence number,
--           "delete" | "delete_held" | "extend" | "hold" | "retry" | "give_back", instant in ms at which it is due
--           again
-- Returns {"no_queue"} | {"ok", next due instant in ms or -1, then for each message "done" | "gone" | "lost"}
-- Invariant: a message that was received again since is left to whoever holds it ("lost"), but for a plain delete; to
-- extend, hold or delete what is held takes a lease that has not run out. What a receiver extended itself, its
-- function's end leaves alone, and so does a hold, which never shortens a lease. Giving back takes the receive off its
-- count. A lane that has something due again goes behind the others. Settling twice does no more than settling once.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local arrivals_key, order_key = KEYS[6], KEYS[7]
local now_ms, queue_name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local calls_key, invocations_key, done_key = KEYS[10], KEYS[11], KEYS[12]
local call, call_until_ms, is_awaited = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local invocation, most_recorded = ARGV[7], tonumber(ARGV[8])
local first_in_lane, note_call, note_verdict = include('first_in_lane'), include('note_call'), include('note_verdict')
local note_done, nudge_if_earlier = include('note_done'), include('nudge_if_earlier')
local record, visible_at = include('record'), include('visible_at')
local forget_bytes, free_first = include('forget_bytes'), include('free_first')
local older_id = include('older_id')

local attributes = redis.call('HMGET', queue_key, 'DelaySeconds', 'stored_bytes')
if not attributes[1] then return {'no_queue'} end
local delay_ms, freed_bytes = tonumber(attributes[1]) * 1000, 0
free_first(queue_key)
local before, held = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES'), redis.call('HLEN', messages_key)
local touched = {}
local must_be_held = {delete_held = true, extend = true, hold = true}

local function line_up_lane(lane)
  local place = first_in_lane(order_key, lane)
  if not place then
    redis.call('ZREM', due_key, lane)
    return
  end
  local visible_at_ms = visible_at(leased_key, arrivals_key, string.sub(place, #lane + 21), delay_ms)
  redis.call('ZADD', due_key, math.max(visible_at_ms, now_ms), lane)
end

local function delete(id, lane, number)
  freed_bytes = freed_bytes + redis.call('HSTRLEN', messages_key, id)
  redis.call('HDEL', messages_key, id)
  redis.call('HDEL', receives_key, id)
  redis.call('ZREM', leased_key, id)
  redis.call('ZREM', arrivals_key, id)
  redis.call('ZREM', order_key, lane .. number .. id)
end

local reply = {'ok', -1}
for i = 9, #ARGV, 6 do
  local id, count, lane, number, verdict = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] .. '\0', ARGV[i + 3], ARGV[i + 4]
  local due_at_ms = math.max(tonumber(ARGV[i + 5]), now_ms)
  if not redis.call('ZSCORE', order_key, lane .. number .. id) then id = older_id(id) end
  local received = redis.call('HGET', receives_key, id) or '0 0'
  local held_count, first_at_ms, mark = string.match(received, '^(%d+) (%d+)(.*)$')
  local leased_until_ms = tonumber(redis.call('ZSCORE', leased_key, id) or nil)
  local is_lapsed = not leased_until_ms or leased_until_ms <= now_ms
  local effect = 'done'
  if not redis.call('ZSCORE', order_key, lane .. number .. id) then
    effect = 'gone'
  elseif verdict == 'delete' then
    delete(id, lane, number)
  elseif tonumber(held_count) ~= count or (is_lapsed and must_be_held[verdict]) then
    effect = 'lost'
  elseif verdict == 'delete_held' then
    delete(id, lane, number)
  elseif mark == '' or (verdict ~= 'hold' and verdict ~= 'retry') then  -- what a function set itself stands
    if verdict == 'hold' then due_at_ms = math.max(due_at_ms, leased_until_ms) end
    redis.call('ZREM', arrivals_key, id)
    redis.call('ZADD', leased_key, due_at_ms, id)
    note_verdict(receives_key, id, verdict, count, first_at_ms)
  end
  if effect == 'done' then touched[lane] = true end
  reply[#reply + 1] = effect
end
for lane in pairs(touched) do line_up_lane(lane) end

forget_bytes(queue_key, attributes[2], freed_bytes)
note_done(done_key, now_ms, held - redis.call('HLEN', messages_key))
note_call(calls_key, call, call_until_ms)
record(queue_key, invocations_key, invocation, most_recorded)
reply[2] = nudge_if_earlier(due_key, before, channel, queue_name, now_ms, is_awaited)
return reply
