-- Tells the next due instant of every queue named and all active move tasks, and that this scheduler is alive.
-- KEYS[1] karin:schedulers   HASH
-- KEYS[2] karin:moving       ZSET
-- KEYS[3] karin:queues       ZSET
-- KEYS[4..] karin:{queue}:due  ZSET
-- ARGV[1] now_ms, ARGV[2] scheduler id, ARGV[3] age in ms beyond which another scheduler's entry is forgotten,
--         ARGV[4] 1 if the schedulers are among KEYS, else 0, ARGV[5] the same of the move tasks, ARGV[6] the same of
--         the names; on a cluster each key comes alone, for they live in different slots, ARGV[7] number of queues
--         whose instant is asked for, ARGV[8] most names to tell, or -1 for no survey
-- Behind those of these queues stand the keys of the queues to survey: of each its queue, due, messages, leased,
-- grouped, of a FIFO queue arrivals, and lanes, of a FIFO queue remembered.
-- Returns {"ok", a list of all schedulers and the instants in ms of their last sweeps, number of active move tasks, for
--         each its name and the instant in ms at which it started, then the next due instant in ms or -1 of each queue,
--         in the order of KEYS, and with a survey a list: the number of all queues, the first names, the instants of
--         all schedulers' last sweeps, the fields used_memory and maxmemory of INFO or -1, and for each queue surveyed
--         a list: empty when there is none, else ready, leased, delayed, next due instant in ms or -1, the bytes of its
--         messages, and its dead-letter queue or ""}
-- Invariant: no message is touched.
local now_ms, scheduler_id, forgotten_ms = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local schedulers, moving_keys, names_keys = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local heads, most_names = tonumber(ARGV[7]), tonumber(ARGV[8])
local free_first, ready_count, count_states = include('free_first'), include('ready_count'), include('count_states')

local function head_of(due_key)
  local head = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
  return head[2] and math.floor(tonumber(head[2])) or -1
end

local function survey_of(queue_key, due_key, messages_key, leased_key, grouped_or_arrivals_key, lanes_key)
  local fields = redis.call('HMGET', queue_key, 'created_at_ms', 'stored_bytes', 'dead_letter_target')
  if not fields[1] then return {} end
  local among = {queue_key, due_key, messages_key, leased_key, grouped_or_arrivals_key, lanes_key, now_ms, ready_count}
  local told = {count_states(unpack(among))}
  told[4], told[5], told[6] = head_of(due_key), tonumber(fields[2] or 0), fields[3] or ''
  return told
end

local sweepers, last_sweeps = {}, {}
if schedulers == 1 then
  local schedulers_key = KEYS[schedulers]
  free_first(schedulers_key)
  local entries = redis.call('HGETALL', schedulers_key)
  for i = 1, #entries, 2 do
    if now_ms - tonumber(entries[i + 1]) > forgotten_ms then redis.call('HDEL', schedulers_key, entries[i]) end
  end
  redis.call('HSET', schedulers_key, scheduler_id, now_ms)
  sweepers = redis.call('HGETALL', schedulers_key)
  for i = 2, #sweepers, 2 do last_sweeps[#last_sweeps + 1] = sweepers[i] end
end

local moving = {}
if moving_keys == 1 then moving = redis.call('ZRANGE', KEYS[schedulers + 1], 0, -1, 'WITHSCORES') end
local reply = {'ok', sweepers, #moving / 2}
for i = 1, #moving, 2 do
  reply[#reply + 1] = moving[i]
  reply[#reply + 1] = tonumber(moving[i + 1])
end
local listed = schedulers + moving_keys + names_keys
for i = listed + 1, listed + heads do reply[#reply + 1] = head_of(KEYS[i]) end
if most_names < 0 then return reply end

local info = redis.pcall('INFO', 'memory')  -- providers refuse it, and that must not cost the answer
local said = type(info) == 'string' and info or ''
local used, most = string.match(said, 'used_memory:(%d+)'), string.match(said, 'maxmemory:(%d+)')
local survey = {0, {}, last_sweeps, tonumber(used or -1), tonumber(most or -1)}
if names_keys == 1 then
  survey[1], survey[2] = redis.call('ZCARD', KEYS[listed]), redis.call('ZRANGE', KEYS[listed], 0, most_names - 1)
end
local first_surveyed = listed + heads + 1
for i = first_surveyed, #KEYS, 6 do survey[#survey + 1] = survey_of(unpack(KEYS, i, i + 5)) end
reply[#reply + 1] = survey
return reply
