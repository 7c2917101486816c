"""``runtime.json`` in KARIN_HOME: what a program needs to find a running karin when its own environment is bare.

It holds the store's URL with its password, so only its owner may read it. It needs nothing of the supervisor.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE_NAME = "runtime.json"


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """A running karin."""

    pid: int  # of the supervisor
    started_at_ms: int
    store_url: str = field(repr=False)  # with its password
    endpoint_url: str
    children: Mapping[str, int] = field(default_factory=dict)  # name -> pid of those that run now
    variables: Mapping[str, str] | None = None  # of its environment, those that are shared; None: it did not say
    scheduler_id: str = ""  # under which its scheduler sweeps


def read(home: Path) -> RuntimeInfo | None:
    """Return the karin that runs on a KARIN_HOME, or None when there is none or its supervisor is dead."""
    info = left(home)
    return info if info and _is_alive(info.pid) else None


def left(home: Path) -> RuntimeInfo | None:
    """Return the last karin that ran on a KARIN_HOME, unless it ended in good order; it may run still."""
    try:
        found = json.loads((home / FILE_NAME).read_bytes())
        return RuntimeInfo(
            pid=int(found["pid"]),
            started_at_ms=int(found["started_at_ms"]),
            store_url=str(found["store_url"]),
            endpoint_url=str(found["endpoint_url"]),
            children={str(name): int(pid) for name, pid in found["children"].items()},
            variables=_texts(found.get("variables")),
            scheduler_id=str(found.get("scheduler_id", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(home: Path, info: RuntimeInfo) -> None:
    """Replace the file in one step, so that a reader sees the old one or the new one. Raises OSError."""
    new = home / f"{FILE_NAME}.new"
    new.unlink(missing_ok=True)  # its mode would outlive it
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(info), file)
    new.replace(home / FILE_NAME)


def remove(home: Path) -> None:
    """Remove the file if it is there. Raises OSError."""
    (home / FILE_NAME).unlink(missing_ok=True)


def _texts(found: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if found is None else {str(name): str(value) for name, value in found.items()}


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, and somebody else's
        return True
    return True
