"""What stands in for AWS in front of a ``karin dev``: how every command that is given its home reaches it.

Without this, ``karin sync`` would bring the real deployment into a karin on this machine, and ``karin replay`` would
call the deployed function, with whatever credentials the shell has.
"""

import json
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FILE_NAME = "aws.json"
_NOT_PROXIED = "127.0.0.1,localhost"


def write(home: Path, variables: Mapping[str, str]) -> None:
    """Leave in a home how its AWS is reached, for as long as this process lives. Raises OSError."""
    new = home / f"{FILE_NAME}.new"
    new.unlink(missing_ok=True)  # its mode would outlive it
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"pid": os.getpid(), "variables": dict(variables)}, file)
    new.replace(home / FILE_NAME)


def remove(home: Path) -> None:
    """Take that back. Raises OSError."""
    (home / FILE_NAME).unlink(missing_ok=True)


def adopt(environ: MutableMapping[str, str]) -> None:
    """Point the AWS SDKs of this process at what stands in for AWS in its KARIN_HOME, if something does."""
    home = environ.get("KARIN_HOME")
    if not home or environ.get("REDIS_URL"):  # a karin elsewhere
        return
    if variables := _read(Path(home).expanduser()):
        for name in [name for name in environ if name.startswith("AWS_")]:
            del environ[name]
        environ.update(variables)


def without_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no proxy is asked for what runs on this machine."""
    kept = environ.get("no_proxy") or environ.get("NO_PROXY")
    hosts = f"{kept},{_NOT_PROXIED}" if kept else _NOT_PROXIED
    return dict(environ) | {"no_proxy": hosts, "NO_PROXY": hosts}


def _read(home: Path) -> dict[str, str] | None:
    """Return the variables that a living process left, None when there are none."""
    try:
        found = json.loads((home / FILE_NAME).read_bytes())
        os.kill(int(found["pid"]), 0)
        return {str(name): str(value) for name, value in found["variables"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
