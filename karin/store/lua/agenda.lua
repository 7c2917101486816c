-- Tells what is due in all queues named together, soonest first, and how much of it in each span of time.
-- KEYS[1] karin:{queue}:due    ZSET
-- KEYS[2..] karin:{queue}:due  ZSET
-- ARGV[1] most entries in all, ARGV[2..] the ends of the spans in ms, in order
-- Returns {"ok", for each queue, in the order of KEYS, a list of how many entries are due until each end after the one
--          before, and how many later, then for each entry its queue's place in KEYS, its member and its instant in ms}
-- Invariant: read-only; what is sent does not grow with the number of messages.
local first_key, most = KEYS[1], tonumber(ARGV[1])
local largest_chunk = 16  -- each queue's first chunk is its head alone: of most queues no more is told

local reply = {'ok'}
local lines = {}

local function look_at(due_key)
  local counts, after = {}, '-inf'
  for i = 2, #ARGV do
    counts[#counts + 1] = redis.call('ZCOUNT', due_key, after, ARGV[i])
    after = '(' .. ARGV[i]
  end
  counts[#counts + 1] = redis.call('ZCOUNT', due_key, after, '+inf')
  reply[#reply + 1] = counts
  lines[#lines + 1] = {key = due_key, rank = 0, size = 1, chunk = {}, next = 1}
end

-- Returns the instant of the first entry of a queue that is not told yet, nil when there is none.
local function head_of(line)
  if line.next > #line.chunk and not line.is_over then
    line.chunk = redis.call('ZRANGE', line.key, line.rank, line.rank + line.size - 1, 'WITHSCORES')
    line.rank, line.next, line.is_over = line.rank + line.size, 1, #line.chunk < 2 * line.size
    line.size = math.min(2 * line.size, largest_chunk)
  end
  return tonumber(line.chunk[line.next + 1])
end

look_at(first_key)
for i = 2, #KEYS do look_at(KEYS[i]) end

for _ = 1, most do
  local soonest_ms, place
  for i, line in ipairs(lines) do
    local at_ms = head_of(line)
    if at_ms and (not soonest_ms or at_ms < soonest_ms) then soonest_ms, place = at_ms, i end
  end
  if not place then break end
  local line = lines[place]
  for _, part in ipairs({place, line.chunk[line.next], soonest_ms}) do reply[#reply + 1] = part end
  line.next = line.next + 2
end
return reply
