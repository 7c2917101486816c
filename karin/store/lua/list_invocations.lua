-- Tells the last invocations of every queue named, or only those that came after one that is known.
-- KEYS[1] karin:{queue}:invocations    LIST
-- KEYS[2..] karin:{queue}:invocations  LIST
-- ARGV[1] most invocations of each queue, ARGV[2..] for each queue, in the order of KEYS, the id of a known one, or ""
-- Returns {"ok", for each queue, in the order of KEYS, a list: 1 if the known one was met, else 0, and a list of the
--          records before it, or of all, newest first}
-- Invariant: read-only.
local first_key, most, known = KEYS[1], tonumber(ARGV[1]), {unpack(ARGV, 2)}
local BEGINNING_BYTES = 64  -- a record begins with its id, a UUID

local function told_of(key, id)
  if id == '' then return {0, redis.call('LRANGE', key, 0, most - 1)} end
  local newer = {}
  for place = 0, most - 1 do
    local record = redis.call('LINDEX', key, place)
    if not record then break end
    if string.find(string.sub(record, 1, BEGINNING_BYTES), id, 1, true) then return {1, newer} end
    newer[#newer + 1] = record
  end
  return {0, newer}
end

local reply = {'ok', told_of(first_key, known[1])}
for i = 2, #KEYS do reply[#reply + 1] = told_of(KEYS[i], known[i]) end
return reply
