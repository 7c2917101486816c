-- Returns the instant in ms that stands in the first six bytes.
return function(text)
  local first, second, third, fourth, fifth, last = string.byte(text, 1, 6)
  return ((first * 256 + second) * 256 + third) * 16777216 + (fourth * 256 + fifth) * 256 + last
end
