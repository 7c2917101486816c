-- Writes what is to become of messages that were received from a FIFO queue.
-- KEYS[1] karin:{queue}:queue             HASH
-- KEYS[2] karin:{queue}:due               ZSET
-- KEYS[3] karin:{queue}:messages          HASH
-- KEYS[4] karin:{queue}:receives          HASH
-- KEYS[5] karin:{queue}:leased            ZSET
-- KEYS[6] karin:{queue}:arrivals          ZSET
-- KEYS[7] karin:{queue}:order             ZSET
-- KEYS[8] karin:{queue}:remembered        HASH
-- KEYS[9] karin:{queue}:forgetting        LIST
-- KEYS[10] karin:{queue}:calls            ZSET
-- KEYS[11] karin:{queue}:invocations      LIST
-- KEYS[12] karin:{queue}:done             HASH
-- ARGV[1] now_ms, ARGV[2] queue as account/name, ARGV[3] channel for nudges, ARGV[4] "mapping_uuid call_id" or "",
--         ARGV[5] instant in ms until which the call goes on, 0 when it is over, ARGV[6] 1: other calls may wait for
--         its end, ARGV[7] the invocation to record or "", ARGV[8] most bytes of recorded invocations
-- ARGV[9..] six for each message: id, receive count of the receipt, group, sequence number (6 bytes, or ""),
--           "delete" | "delete_held" | "extend" | "hold" | "retry" | "give_back", instant in ms at which it is due
--           again
-- Returns {"no_queue"} | {"older_layout"} | {"ok", next due instant in ms or -1, then for each message "done" | "gone"
--          | "lost"}, and when all are done the first two alone, as text
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
local entry_at, find_entry, older_id = include('entry_at'), include('find_entry'), include('older_id')
local replace_row, row_of = include('replace_row'), include('row_of')

local attributes = redis.call('HMGET', queue_key, 'DelaySeconds', 'stored_bytes', 'layout')
if not attributes[1] then return {'no_queue'} end
if attributes[3] ~= '3' then return {'older_layout'} end
local delay_ms, freed_bytes = tonumber(attributes[1]) * 1000, 0
free_first(queue_key)
local before, held = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES'), redis.call('HLEN', messages_key)
local touched = {}
local must_be_held = {delete_held = true, extend = true, hold = true}

local is_any_delayed  -- not known before it is of use

-- Takes a message out of those that the delay holds back, where it only is if it was rescheduled.
local function release(id)
  if is_any_delayed == nil then is_any_delayed = redis.call('EXISTS', arrivals_key) == 1 end
  if is_any_delayed then redis.call('ZREM', arrivals_key, id) end
end

local lines = {}  -- lane -> its first row as it is in the store and as it will be, and the second
local deep_lane, deep_before, deep_row  -- a row behind the first of its lane, the one looked at last, likewise

-- Returns what is known of a lane: messages are settled near its head.
local function line_of(lane)
  local line = lines[lane]
  if line then return line end
  local past = string.sub(lane, 1, -2) .. '\1'
  local rows = redis.call('ZRANGEBYLEX', order_key, '[' .. lane, '(' .. past, 'LIMIT', 0, 2)
  line = {before = rows[1], row = rows[1] or lane, second = rows[2]}
  lines[lane] = line
  return line
end

local function keep_deep_row()
  if deep_row == deep_before then return end
  replace_row(order_key, deep_lane, deep_before, deep_row)
  deep_before = deep_row ~= deep_lane and deep_row or nil
  lines[deep_lane].is_changed = true  -- behind its first row
end

-- Returns a row with a message's entry, where that begins and ends, and whether it is the first of its lane; nil when
-- there is none.
local function find(lane, number)
  local line, from = line_of(lane), #lane + 1
  local at, next_at = find_entry(line.row, from, number)
  if at then return line.row, at, next_at, true end
  if not line.second then return nil end
  if lane ~= deep_lane or not find_entry(deep_row or '', from, number) then
    keep_deep_row()
    deep_lane, deep_before = lane, row_of(order_key, lane, number)
    if deep_before == line.before then deep_before = nil end  -- as it was before this command
    deep_row = deep_before
  end
  at, next_at = find_entry(deep_row or '', from, number)
  if at then return deep_row, at, next_at, false end
end

local function line_up_lane(lane)
  local line = lines[lane]
  if line.row ~= line.before then replace_row(order_key, lane, line.before, line.row) end
  local first = line.row
  if first == lane then
    first = line.second
    if line.is_changed then first = first_in_lane(order_key, lane) end
  end
  if not first then
    redis.call('ZREM', due_key, lane)
    return
  end
  local _, sent_at_ms, id = entry_at(first, #lane + 1)
  redis.call('ZADD', due_key, math.max(visible_at(leased_key, id, sent_at_ms, delay_ms), now_ms), lane)
end

local to_delete = {}  -- by one command for several

local function write_deletions()
  if #to_delete == 0 then return end
  redis.call('HDEL', messages_key, unpack(to_delete))
  redis.call('HDEL', receives_key, unpack(to_delete))
  redis.call('ZREM', leased_key, unpack(to_delete))
  to_delete = {}
end

local function delete(id, lane, row, at, next_at, is_first)
  freed_bytes = freed_bytes + redis.call('HSTRLEN', messages_key, id)
  if #to_delete == 2000 then write_deletions() end
  to_delete[#to_delete + 1] = id
  release(id)
  row = string.sub(row, 1, at - 1) .. string.sub(row, next_at)
  if is_first then lines[lane].row = row else deep_row = row end
end

local reply = {'ok', -1}
local are_all_done = true
for i = 9, #ARGV, 6 do
  local id, count, lane, number, verdict = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] .. '\0', ARGV[i + 3], ARGV[i + 4]
  local due_at_ms = math.max(tonumber(ARGV[i + 5]), now_ms)
  local row, at, next_at, is_first = find(lane, number)
  if row then
    local held_id = string.sub(row, at + 13, next_at - 1)
    if held_id == id or held_id == older_id(id) then id = held_id else row = nil end
  end
  local received = redis.call('HGET', receives_key, id) or '0 0'
  local held_count, first_at_ms, mark = string.match(received, '^(%d+) (%d+)(.*)$')
  local leased_until_ms = tonumber(redis.call('ZSCORE', leased_key, id) or nil)
  local is_lapsed = not leased_until_ms or leased_until_ms <= now_ms
  local effect = 'done'
  if not row then
    effect = 'gone'
  elseif verdict == 'delete' then
    delete(id, lane, row, at, next_at, is_first)
  elseif tonumber(held_count) ~= count or (is_lapsed and must_be_held[verdict]) then
    effect = 'lost'
  elseif verdict == 'delete_held' then
    delete(id, lane, row, at, next_at, is_first)
  elseif mark == '' or (verdict ~= 'hold' and verdict ~= 'retry') then  -- what a function set itself stands
    if verdict == 'hold' then due_at_ms = math.max(due_at_ms, leased_until_ms) end
    release(id)
    redis.call('ZADD', leased_key, due_at_ms, id)
    note_verdict(receives_key, id, verdict, count, first_at_ms)
  end
  if effect == 'done' then touched[lane] = true else are_all_done = false end
  reply[#reply + 1] = effect
end
write_deletions()
keep_deep_row()
for lane in pairs(touched) do line_up_lane(lane) end

forget_bytes(queue_key, attributes[2], freed_bytes)
note_done(done_key, now_ms, held - redis.call('HLEN', messages_key))
note_call(calls_key, call, call_until_ms)
record(queue_key, invocations_key, invocation, most_recorded)
local next_at_ms = nudge_if_earlier(due_key, before, channel, queue_name, now_ms, is_awaited)
if are_all_done then return 'ok ' .. next_at_ms end
reply[2] = next_at_ms
return reply
