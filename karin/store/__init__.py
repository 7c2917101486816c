"""Redis: the keys, one Lua script per command, and read-only views. The only package that knows Redis."""
