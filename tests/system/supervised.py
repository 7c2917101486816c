"""Runs the supervisor with children described in JSON: ``python supervised.py '{"home": ..., "children": [...]}'``."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from karin.clock import SystemClock
from karin.settings import Settings
from karin.supervisor import ChildSpec, run
from karin.supervisor.children import accepts_connections, karin_children


def spec(settings: Settings, environ: Mapping[str, str], described: dict[str, Any]) -> ChildSpec:
    """Return karin's own store, or a child with a command, that is up when a port accepts or a file exists."""
    if described["name"] == "store" and "command" not in described:
        return karin_children(settings, environ)[0]
    probe: Callable[[], bool] | None = None
    if described.get("up") == "port":
        probe = partial(accepts_connections, settings.endpoint_url)
    elif "up" in described:
        probe = Path(described["up"]).exists
    return ChildSpec(
        described["name"],
        tuple(described["command"]),
        environ,
        probe=probe,
        reload_signal=signal.SIGHUP if described.get("reloads") else None,
    )


def main() -> int:
    """Return the exit code of the supervisor."""
    environ = os.environ.copy()  # noqa: TID251 - this is an entry point
    given = json.loads(sys.argv[1])
    settings = Settings(home=Path(given["home"]), bind_host=given["host"], bind_port=given["port"])
    children = [spec(settings, environ, described) for described in given["children"]]
    return run(settings, environ, SystemClock(), children=children, drain_limit_ms=given["drain_limit_ms"])


if __name__ == "__main__":
    sys.exit(main())
