-- Returns how many bytes a stored message would have if its body were not compressed.
return function(stored)
  local head = string.byte(stored, 1) or 0
  if head < 192 then return #stored end
  local saved_at = math.floor(head / 16) % 2 == 1 and 13 or 7
  local first, second, third, last = string.byte(stored, saved_at, saved_at + 3)
  if not last then return #stored end
  return #stored + ((first * 256 + second) * 256 + third) * 256 + last
end
