-- Returns where a message stands: "ready" | "delayed" | "leased".
return function(leased_until_ms, visible_at_ms, now_ms)
  if leased_until_ms and leased_until_ms > now_ms then return 'leased' end
  return visible_at_ms > now_ms and 'delayed' or 'ready'
end
