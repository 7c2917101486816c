"""What redis-py imports and karin never uses: it stands there unloaded, and is whole for whoever looks into it."""

import subprocess
import sys


def _python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_who_uses_the_store_does_not_load_what_is_unused() -> None:
    script = (
        "import sys, karin.store.store; print(sorted({'redis.asyncio.client', 'email.message'} & set(sys.modules)))"
    )
    assert _python(script) == "[]"


def test_the_terminal_ui_does_not_load_it_either() -> None:
    script = "import sys, karin.tui.launch; print(sorted({'redis.asyncio.client', 'email.message'} & set(sys.modules)))"
    assert _python(script) == "[]"


def test_who_looks_into_them_finds_them_whole() -> None:
    script = """
import karin.store.store, importlib.metadata, redis.asyncio
from importlib.metadata import version
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
print(version("redis") == redis.__version__, Redis.__module__, redis.asyncio.Redis is Redis, Lock.__name__)
print(importlib.metadata.__name__, type(redis.asyncio).__name__, redis.asyncio.__file__.endswith("__init__.py"))
"""
    assert _python(script) == "True redis.asyncio.client True Lock\nimportlib.metadata module True"


def test_what_is_loaded_already_stays_as_it_is() -> None:
    script = "import redis, sys; from karin.store import store; print('redis.asyncio.client' in sys.modules)"
    assert _python(script) == "True"
