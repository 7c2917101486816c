-- Keeps a queue to one handover for a while, or lets go of it.
-- KEYS[1] karin:{queue}:handover STRING
-- ARGV[1] who asks, ARGV[2] for how many ms from now on, 0 to let go
-- Returns {"ok"} | {"busy"}
-- Invariant: who holds it is put out by nobody, and by nothing but time.
local handover_key = KEYS[1]
local holder, held_ms = ARGV[1], tonumber(ARGV[2])

local held_by = redis.call('GET', handover_key)
if held_by and held_by ~= holder then return {'busy'} end
redis.call('DEL', handover_key)  -- first: what frees memory is allowed to a full store, and all writes after it
if held_ms > 0 then redis.call('SET', handover_key, holder, 'PX', held_ms) end
return {'ok'}
