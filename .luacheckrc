-- The scripts run inside Redis and Valkey, which provide these.
std = "lua51"
read_globals = {"redis", "cjson", "KEYS", "ARGV"}
max_line_length = 120
