-- Returns the instant in ms from which a stored message's retention counts.
return function(stored)
  -- Version 1 of the layout begins with 13 digits.
  if (string.byte(stored, 1) or 0) < 128 then return tonumber(string.sub(stored, 1, 13)) or 0 end
  local head, second, third, fourth, fifth, last = string.byte(stored, 1, 6)
  if not last then return 0 end
  return (((head % 4 * 256 + second) * 256 + third) * 16777216) + (fourth * 256 + fifth) * 256 + last
end
