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
local calls_key, invocations_key = KEYS[10], KEYS[11]
local call, call_until_ms, is_awaited = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local invocation, most_recorded = ARGV[7], tonumber(ARGV[8])

local delay_seconds = redis.call('HGET', queue_key, 'DelaySeconds')
if not delay_seconds then return {'no_queue'} end
local delay_ms = tonumber(delay_seconds) * 1000
local before = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
local touched = {}
local must_be_held = {delete_held = true, extend = true, hold = true}

local function line_up_lane(lane)
  local past = string.sub(lane, 1, -2) .. '\1'
  local place = redis.call('ZRANGEBYLEX', order_key, '[' .. lane, '(' .. past, 'LIMIT', 0, 1)[1]
  if not place then
    redis.call('ZREM', due_key, lane)
    return
  end
  local id = string.sub(place, #lane + 21)
  local visible_at_ms = redis.call('ZSCORE', leased_key, id)
  if visible_at_ms then
    visible_at_ms = tonumber(visible_at_ms)
  else
    visible_at_ms = tonumber(redis.call('ZSCORE', arrivals_key, id)) + delay_ms
  end
  redis.call('ZADD', due_key, math.max(visible_at_ms, now_ms), lane)
end

local function delete(id, lane, number)
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
  local received = redis.call('HGET', receives_key, id)
  local held_count, first_at_ms, mark = string.match(received or '0 0', '^(%d+) (%d+)(.*)$')
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
    if verdict == 'extend' and received then
      redis.call('HSET', receives_key, id, string.format('%s %s set', held_count, first_at_ms))
    elseif verdict == 'give_back' and count > 1 then
      redis.call('HSET', receives_key, id, string.format('%.0f %s', count - 1, first_at_ms))
    elseif verdict == 'give_back' then
      redis.call('HDEL', receives_key, id)
    end
  end
  if effect == 'done' then touched[lane] = true end
  reply[#reply + 1] = effect
end
for lane in pairs(touched) do line_up_lane(lane) end

if call ~= '' and call_until_ms > 0 then
  redis.call('ZADD', calls_key, 'XX', call_until_ms, call)
elseif call ~= '' then
  redis.call('ZREM', calls_key, call)
end
if invocation ~= '' then
  redis.call('LPUSH', invocations_key, invocation)
  local recorded = redis.call('HINCRBY', queue_key, 'recorded_bytes', #invocation)
  while recorded > most_recorded do
    local oldest = redis.call('RPOP', invocations_key)
    if not oldest then break end
    recorded = redis.call('HINCRBY', queue_key, 'recorded_bytes', -#oldest)
  end
end

local after = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if after[2] then reply[2] = math.floor(tonumber(after[2])) end
local is_due = after[2] and tonumber(after[2]) <= now_ms
if after[2] and (not before[2] or tonumber(after[2]) < tonumber(before[2])) or (is_due and is_awaited) then
  redis.call('PUBLISH', channel, string.format('%s %.0f', queue_name, tonumber(after[2])))
end
return reply
