"""Where each ``karin dev`` keeps its queues: a home of its own for every project, and how a person gets to it."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

from karin import runtime

NAME_LENGTH = 24  # of a home's folder: the store's socket in it has a path of at most 107 bytes


def home_of(file: Path, environ: Mapping[str, str]) -> Path:
    """Return the home of a project's karin: one of its own among the user's state, or what KARIN_HOME says.

    A home of another project is not meant: it was exported so that commands find that one.
    """
    if given := environ.get("KARIN_HOME"):
        home = Path(given).expanduser().absolute()
        if home.parent != _all(environ):
            return home
    digest = hashlib.sha256(bytes(file)).hexdigest()[:8]
    return _all(environ) / f"{file.parent.name[:NAME_LENGTH]}-{digest}"


def hint(environ: Mapping[str, str]) -> str:
    """Return how to reach a ``karin dev`` that runs, for a person who asked elsewhere; empty when none does."""
    if environ.get("KARIN_HOME") or environ.get("REDIS_URL"):
        return ""
    homes = [file.parent for file in sorted(_all(environ).glob(f"*/{runtime.FILE_NAME}")) if runtime.read(file.parent)]
    if not homes:
        return ""
    exports = " or ".join(f"`export KARIN_HOME={shlex.quote(str(home))}`" for home in homes)
    return f"; for the `karin dev` that runs: {exports}"


def _all(environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/") / ".local" / "state")
    return Path(state) / "karin" / "dev"
