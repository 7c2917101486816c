-- Returns where the entry of a sequence number begins in a row of a FIFO queue's order, and where the next one does.
-- It looks from a place on; nil when it is not there.
return function(row, at, number)
  while at <= #row do
    local next_at = at + 13 + string.byte(row, at + 12)
    if string.sub(row, at, at + 5) == number then return at, next_at end
    at = next_at
  end
end
