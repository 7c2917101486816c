-- Returns a whole number from 0 to 2^48 - 1 as six bytes, big-endian.
return function(number)
  local high, low = math.floor(number / 16777216), number % 16777216
  return string.char(
    math.floor(high / 65536), math.floor(high / 256) % 256, high % 256,
    math.floor(low / 65536), math.floor(low / 256) % 256, low % 256
  )
end
