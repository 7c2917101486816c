-- Returns a stored message whose retention counts from another instant in ms.
return function(stored, from_ms)
  local head = string.byte(stored, 1) or 0
  if head < 128 then return string.format('%013.0f', from_ms) .. string.sub(stored, 14) end
  local bytes = {}
  for place = 6, 2, -1 do
    bytes[place] = from_ms % 256
    from_ms = math.floor(from_ms / 256)
  end
  local flags, sent = head - head % 4, ''
  -- The instant of the send stood in its place unless it had one of its own.
  if math.floor(head / 16) % 2 == 0 then
    flags, sent = flags + 16, string.char(head % 4) .. string.sub(stored, 2, 6)
  end
  return string.char(flags + from_ms, unpack(bytes, 2, 6)) .. sent .. string.sub(stored, 7)
end
