-- The scripts run inside Redis and Valkey, which provide these; include() is karin.store.scripts'.
std = "lua51"
read_globals = {"redis", "cjson", "KEYS", "ARGV", "include"}
max_line_length = 120
