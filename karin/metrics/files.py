"""Where the counts are. It needs nothing: the supervisor must stay small."""

from pathlib import Path

FOLDER = "metrics"  # in KARIN_HOME
SUFFIX = ".tally"


def clear(home: Path) -> None:
    """Remove the counts of a karin that ended: a new one begins at nothing. Raises OSError."""
    for path in (home / FOLDER).glob(f"*{SUFFIX}"):
        path.unlink(missing_ok=True)
