-- Sets and removes tags of a queue, all or none.
-- KEYS[1] karin:{queue}:queue  HASH
-- ARGV[1] most tags that a queue may have, ARGV[2] what the field of each tag begins with
-- ARGV[3..] pairs field, value (an empty value removes the field)
-- Returns {"no_queue"} | {"too_many"} | {"ok"}
-- Invariant: whatever is no tag stays as it was, and so does the instant of the last change.
local queue_key = KEYS[1]
local most, tag_field = tonumber(ARGV[1]), ARGV[2]

local fields = redis.call('HKEYS', queue_key)
if #fields == 0 then return {'no_queue'} end
local has, count = {}, 0
for _, field in ipairs(fields) do
  if string.sub(field, 1, #tag_field) == tag_field then has[field], count = true, count + 1 end
end
for i = 3, #ARGV, 2 do
  local field, is_set = ARGV[i], ARGV[i + 1] ~= ''
  if is_set and not has[field] then count = count + 1 end
  if has[field] and not is_set then count = count - 1 end
  has[field] = is_set
end
if count > most then return {'too_many'} end

for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', queue_key, ARGV[i])
  else
    redis.call('HSET', queue_key, ARGV[i], ARGV[i + 1])
  end
end
return {'ok'}
