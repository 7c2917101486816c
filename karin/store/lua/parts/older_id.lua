-- Returns a message id as version 1 of the layout spells it.
return function(id)
  if #id ~= 16 then return id end
  local bytes = string.sub(id, 1, 8) .. string.sub(id, 16) .. string.sub(id, 9, 15)
  local hex = string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end)
  local parts = {string.sub(hex, 1, 8), string.sub(hex, 9, 12), string.sub(hex, 13, 16), string.sub(hex, 17, 20)}
  return table.concat(parts, '-') .. '-' .. string.sub(hex, 21)
end
