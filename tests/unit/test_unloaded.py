"""What is imported and karin never uses: it stands there unloaded, and is whole for whoever looks into it."""

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


def test_what_a_package_hands_on_is_whole_for_whoever_uses_it() -> None:
    script = """
import sys, karin.store.store, redis
unloaded = {name for name, module in sys.modules.items() if type(module).__module__ == "karin.unloaded"}
assert unloaded > {f"redis.{name}" for name in ("cluster", "commands.cluster", "keyspace_notifications", "sentinel")}
assert "mget" in {name.lower() for name in redis.commands.READ_COMMANDS}
try:
    redis.RedisCluster(host="127.0.0.1", port=9)
except redis.RedisClusterException:
    print("a cluster was asked")
class Own(redis.Sentinel):
    pass
own = Own([("127.0.0.1", 9)])
print(isinstance(own, redis.Sentinel), isinstance(own, redis.RedisCluster), issubclass(Own, redis.Sentinel))
print(Own.__mro__[1].__module__, redis.cluster.RedisCluster.__name__, type(redis.cluster).__name__)
"""
    assert _python(script).splitlines() == [
        "a cluster was asked",
        "True False True",
        "redis.sentinel RedisCluster module",
    ]


def test_redis_py_does_not_load_opentelemetry_merely_because_it_is_there() -> None:
    script = """
import sys, karin.store.store
print([name for name in sys.modules if name.startswith("opentelemetry.sdk.metrics.") or name == "opentelemetry.trace"])
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
print(MeterProvider().get_meter("a").create_counter("b").name, metrics.get_meter_provider().get_meter("a").name)
"""
    assert _python(script).splitlines() == ["[]", "b a"]


def test_what_does_not_exist_is_not_made_up() -> None:
    script = """
import sys
from karin.unloaded import leave_unloaded
leave_unloaded("no.such.module", "Thing")
leave_unloaded("json.no_such", "Thing")
leave_unloaded("calendar", "TextCalendar", "NoSuch")
from calendar import TextCalendar, NoSuch
print([name for name in sys.modules if "such" in name], TextCalendar().getfirstweekday())
try:
    NoSuch()
except AttributeError as error:
    print(error)
"""
    assert _python(script).splitlines() == ["[] 0", "module 'calendar' has no attribute 'NoSuch'"]


def test_what_is_loaded_already_stays_as_it_is() -> None:
    script = "import redis, sys; from karin.store import store; print('redis.asyncio.client' in sys.modules)"
    assert _python(script) == "True"


def test_who_neither_serves_metrics_nor_traces_loads_nothing_of_them() -> None:
    script = (
        "import sys, karin.scheduler.process, karin.wsgi.app;"
        "print([one for one in sys.modules if 'prometheus' in one or 'karin.metrics' in one or 'exposing' in one"
        " or 'opentelemetry.sdk.trace' in one or 'spans' in one])"
    )
    assert _python(script) == "[]"
