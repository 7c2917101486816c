-- Shows what a queue holds, a page at a time, without receiving anything.
-- KEYS[1] karin:{queue}:queue     HASH
-- KEYS[2] karin:{queue}:due       ZSET
-- KEYS[3] karin:{queue}:messages  HASH
-- KEYS[4] karin:{queue}:receives  HASH
-- KEYS[5] karin:{queue}:leased    ZSET
-- KEYS[6] karin:{queue}:grouped   ZSET, of a FIFO queue karin:{queue}:arrivals ZSET
-- KEYS[7] karin:{queue}:order     ZSET
-- ARGV[1] now_ms, ARGV[2] the only state to show or "", ARGV[3] most messages to show, ARGV[4] most bytes to show of a
--         body, ARGV[5] most bytes of the page (the first message is shown whatever its size), ARGV[6] most members to
--         look at, ARGV[7] instant in ms that the page before ended with, -1 if there was none, ARGV[8] its source,
--         ARGV[9] its member
-- Returns {"no_queue"} | {"older_layout"} | {"ok", instant in ms, source and member that the page ended with, or -1, 0
--          and "" when nothing follows, then eight for each message: "ready" | "delayed" | "leased", id, due instant in
--          ms, receive count, first received instant in ms or 0, sequence number (6 bytes) or "", length of its body in
--          bytes or -1 when that is not known, stored with a body that may be cut}
-- Messages come in the order in which they are due; in a FIFO queue group by group, each in its order, unless only the
-- delayed or the leased are wanted. What changes between two pages may be missed or shown twice.
-- Invariant: read-only; the time that a page takes does not grow with the queue.
local queue_key, due_key, messages_key, receives_key, leased_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local grouped_or_arrivals_key, order_key = KEYS[6], KEYS[7]
local now_ms, wanted_state, most, most_body_bytes = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local most_bytes, most_looks = tonumber(ARGV[5]), tonumber(ARGV[6])
local after_ms, after_source, after_member = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local entry_at, row_of, state_of = include('entry_at'), include('row_of'), include('state_of')
local at_once = include('at_once')
local chunk_size = math.min(most + 1, 100)  -- a short page need not read more than it shows
local rows_at_once = math.ceil(chunk_size / 16)  -- of a FIFO queue's order

local attributes = redis.call('HMGET', queue_key, 'VisibilityTimeout', 'FifoQueue', 'DelaySeconds', 'layout',
  'stored_bytes')
if not attributes[1] then return {'no_queue'} end
if attributes[2] and attributes[4] ~= '3' then return {'older_layout'} end
local is_fifo, delay_ms = attributes[2] and true, tonumber(attributes[3]) * 1000
local is_by_group = is_fifo and wanted_state ~= 'delayed' and wanted_state ~= 'leased'

local function score_of(key, member)
  return tonumber(redis.call('ZSCORE', key, member) or nil)
end

local is_any_leased = redis.call('EXISTS', leased_key) == 1
local is_any_received = redis.call('EXISTS', receives_key) == 1

local function leased_until(id)
  return is_any_leased and score_of(leased_key, id) or nil
end

local function number_at(stored, place)
  local number = 0
  for i = place, place + 3 do number = number * 256 + (string.byte(stored, i) or 0) end
  return number
end

-- Returns a stored message with no more of its body than is wanted, and the length of the whole body, -1 for one of
-- version 1 of the layout, which is not cut. Four bytes of what is compressed are enough for one of what it was.
local function shortened(stored)
  local head, body_at, saved_bytes = string.byte(stored, 1) or 0, 7, 0
  if head < 128 then return stored, -1 end
  if math.floor(head / 16) % 2 == 1 then body_at = body_at + 6 end
  if math.floor(head / 64) % 2 == 1 then saved_bytes, body_at = number_at(stored, body_at), body_at + 4 end
  if math.floor(head / 32) % 2 == 1 then body_at = body_at + 4 + number_at(stored, body_at) end
  local kept = saved_bytes > 0 and 4 * most_body_bytes or most_body_bytes
  return string.sub(stored, 1, body_at + kept - 1), math.max(#stored - body_at + 1 + saved_bytes, 0)
end

local most_read = at_once(messages_key, attributes[5], 16)

-- Reads messages of a source from the next one on.
local function read_ahead(source)
  local ids, last = {}, math.min(#source.chunk, source.next + 2 * most_read - 1)
  for i = source.next, last, 2 do ids[#ids + 1] = source.chunk[i] end
  source.read_from, source.read_until = source.next, source.next + 2 * #ids
  source.bodies = redis.call('HMGET', messages_key, unpack(ids))
  source.receives = is_any_received and redis.call('HMGET', receives_key, unpack(ids)) or {}
end

-- Returns a function that yields instant, source and member of everything in sorted sets by the instant, and what is
-- stored and noted of it.
local function by_instant()
  local sources = {{key = due_key, plus_ms = 0}, {key = grouped_or_arrivals_key, plus_ms = 0}}
  if wanted_state == 'leased' then
    sources = {{key = leased_key, plus_ms = 0}}
  elseif is_fifo then
    sources = {{key = grouped_or_arrivals_key, plus_ms = delay_ms}}
  end
  local is_ahead = wanted_state == 'delayed' or wanted_state == 'leased'
  local last_ms = wanted_state == 'ready' and now_ms or math.huge

  for place, source in ipairs(sources) do
    source.rank, source.chunk, source.next, source.read_until = 0, {}, 1, 0
    local function pass(until_ms, is_inclusive)
      local bound = (is_inclusive and '' or '(') .. string.format('%.0f', until_ms - source.plus_ms)
      source.rank = math.max(source.rank, redis.call('ZCOUNT', source.key, '-inf', bound))
    end
    if is_ahead then pass(now_ms, true) end
    if after_ms >= 0 then
      pass(after_ms, place < after_source)
      if place == after_source and score_of(source.key, after_member) == after_ms - source.plus_ms then
        source.rank = math.max(source.rank, redis.call('ZRANK', source.key, after_member) + 1)
      end
    end
  end

  local function head_of(source)
    if source.next > #source.chunk then
      source.chunk = redis.call('ZRANGE', source.key, source.rank, source.rank + chunk_size - 1, 'WITHSCORES')
      source.rank, source.next, source.read_until = source.rank + chunk_size, 1, 0
      chunk_size = 100
    end
    local at_ms = tonumber(source.chunk[source.next + 1])
    if at_ms and at_ms + source.plus_ms <= last_ms then return at_ms + source.plus_ms end
  end

  return function()
    local first_ms, first
    for place, source in ipairs(sources) do
      local at_ms = head_of(source)
      if at_ms and (not first_ms or at_ms < first_ms) then first_ms, first = at_ms, place end
    end
    if not first then return nil end
    local source = sources[first]
    local place = source.next
    if place >= source.read_until then read_ahead(source) end
    local read = (place - source.read_from) / 2 + 1
    source.next = place + 2
    return first_ms, first, source.chunk[place], source.bodies[read], source.receives[read]
  end
end

-- Returns a function that yields 0, 0 and the lane with its entry of everything in a FIFO queue, group by group.
local function by_group()
  local from, rows, next_row, row, at = '-', {}, 1, '', 1
  local seen_lane, seen_number = string.match(after_member, '^([^%z]*%z)(......)')
  if seen_lane then
    -- The row that the last page ended in may have more; it may have lost its first entries since.
    local last = row_of(order_key, seen_lane, seen_number)
    rows, from = {last}, last and '(' .. last or '[' .. seen_lane .. seen_number
  end

  return function()
    while true do
      while at > #row do
        if next_row > #rows then
          rows, next_row = redis.call('ZRANGEBYLEX', order_key, from, '+', 'LIMIT', 0, rows_at_once), 1
          if #rows == 0 then return nil end
          from, rows_at_once = '(' .. rows[#rows], 7
        end
        row, next_row = rows[next_row], next_row + 1
        at = string.find(row, '\0', 1, true) + 1
      end
      local lane = string.sub(row, 1, string.find(row, '\0', 1, true))
      local number, _, _, next_at = entry_at(row, at)
      local entry = string.sub(row, at, next_at - 1)
      at = next_at
      if lane ~= seen_lane or number > seen_number then return 0, 0, lane .. entry end
    end
  end
end

-- Returns id, due instant, state and sequence number of what was yielded; nil if it is no message, or in another state.
local function seen(at_ms, member)
  local id, number, visible_ms = member, '', at_ms
  local leased_until_ms
  if is_by_group then
    local lane = string.sub(member, 1, string.find(member, '\0', 1, true))
    local sent_at_ms
    number, sent_at_ms, id = entry_at(member, #lane + 1)
    leased_until_ms = leased_until(id)
    visible_ms = leased_until_ms or sent_at_ms + delay_ms
    at_ms = math.max(visible_ms, score_of(due_key, lane) or 0)  -- not before the first of its group
  elseif string.sub(member, -1) == '\0' then
    return nil
  else
    leased_until_ms = leased_until(id)
  end
  local state = state_of(leased_until_ms, visible_ms, now_ms)
  if wanted_state == '' or wanted_state == state then return id, at_ms, state, number end
end

local reply = {'ok', -1, 0, ''}
local shown, bytes, looks = 0, 0, 0
local next_member = is_by_group and by_group() or by_instant()
local ended_ms, ended_source, ended_member = after_ms, after_source, after_member
local is_cut_short = false

while not is_cut_short do
  local at_ms, source, member, stored, received = next_member()
  if not member then return reply end
  local id, due_at_ms, state, number = seen(at_ms, member)
  local length = 0
  if not id then
    stored = nil
  elseif is_by_group then
    stored = redis.call('HGET', messages_key, id)
    received = is_any_received and redis.call('HGET', receives_key, id)
  end
  if stored then
    stored, length = shortened(stored)
    is_cut_short = shown == most or (shown > 0 and bytes + #stored > most_bytes)
  end
  if not is_cut_short then
    ended_ms, ended_source, ended_member = at_ms, source, member
    looks = looks + 1
    is_cut_short = looks >= most_looks
    if stored then
      local count, first_at_ms = 0, 0
      if received then
        count, first_at_ms = string.match(received, '^(%d+) (%d+)')
        count, first_at_ms = tonumber(count), tonumber(first_at_ms)
      end
      shown, bytes = shown + 1, bytes + #stored
      local last = #reply
      reply[last + 1], reply[last + 2], reply[last + 3], reply[last + 4] = state, id, due_at_ms, count
      reply[last + 5], reply[last + 6], reply[last + 7], reply[last + 8] = first_at_ms, number, length, stored
    end
  end
end
reply[2], reply[3], reply[4] = ended_ms, ended_source, ended_member
return reply
