"""Redis: the keys, one Lua script per command, and read-only views. The only package that knows Redis."""

from karin.store.unloaded import leave_unloaded

leave_unloaded()  # before any module of this package imports redis
