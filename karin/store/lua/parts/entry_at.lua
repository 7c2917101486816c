-- Reads the entry that begins at a place of a row of a FIFO queue's order.
-- Returns its sequence number (6 bytes), the instant in ms at which it was sent, its message id, and where the next one
-- begins.
return function(row, at)
  local first, second, third, fourth, fifth, last, id_bytes = string.byte(row, at + 6, at + 12)
  local sent_at_ms = ((first * 256 + second) * 256 + third) * 16777216 + (fourth * 256 + fifth) * 256 + last
  return string.sub(row, at, at + 5), sent_at_ms, string.sub(row, at + 13, at + 12 + id_bytes), at + 13 + id_bytes
end
