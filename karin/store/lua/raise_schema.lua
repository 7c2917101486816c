-- Gives the store the version of its layout, unless it has that or a newer one.
-- KEYS[1] karin:schema  STRING
-- ARGV[1] the version, ARGV[2] the version that it is raised from, "" for none
-- Returns {"ok", the version that it has now}
-- Invariant: a version that somebody else wrote meanwhile stays.
local schema_key = KEYS[1]
local version, before = ARGV[1], ARGV[2]

if (redis.call('GET', schema_key) or '') == before then redis.call('SET', schema_key, version) end
return {'ok', redis.call('GET', schema_key)}
