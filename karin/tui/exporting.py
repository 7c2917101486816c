"""Writing what is shown to a file, as JSON."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class CannotExport(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """No file could be written; the message is one line that says why."""


def to_json(content: object) -> str:
    """Return values as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def export(name: str, content: object, now_ms: int) -> Path:
    """Write a new file that only its owner may read: here, or where temporary files are. Raises CannotExport."""
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    problem: OSError | None = None
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        path = folder / f"karin-{name}-{stamp}.json"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(to_json(content) + "\n")
        except OSError as error:
            problem = error
        else:
            return path
    raise CannotExport(f"cannot write {path}: {problem.strerror if problem else 'no folder'}")
