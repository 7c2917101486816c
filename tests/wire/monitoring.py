"""Which commands reach the store: seen by the store itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis


@contextmanager
def commands(raw: redis.Redis) -> Iterator[list[str]]:
    """Collect the names of the commands that clients send meanwhile; those that scripts run are not counted."""
    seen: list[str] = []
    with raw.monitor() as monitor:  # type: ignore[no-untyped-call]

        def names_until(marker: str) -> Iterator[str]:
            while (command := monitor.next_command())["command"] != f"ECHO {marker}":
                if command["client_type"] != "lua":
                    yield command["command"].split(" ", 1)[0]

        raw.echo("begin")
        list(names_until("begin"))
        yield seen
        raw.echo("end")
        seen.extend(names_until("end"))
