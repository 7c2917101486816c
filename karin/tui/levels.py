"""What a line of karin's log says of its level: each part of karin writes in the form of its own library.

The scheduler writes as Python's logging does (``WARNING text``), the endpoint as gunicorn does (``[time] [pid] [ERROR]
text``), the store as Valkey does (``pid:role time # text``; the mark is the level).
"""

import re
from typing import NamedTuple

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_PYTHON = re.compile(rf"({'|'.join(LEVELS)})(?:: ?| +)(?=\S)")
_GUNICORN = re.compile(rf"\[[^\]]*\] \[\d+\] \[({'|'.join(LEVELS)})\] ?")
_VALKEY = re.compile(r"\d+:[A-Z] \d{1,2} \w{3} \d{4} [\d:.]+ ([.*#-]) (?:WARNING:? )?")
_VALKEY_MARKS = {".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARNING"}
_COMMAND_FAILED = "karin: "  # how every program of karin says in one line why it ends


class Told(NamedTuple):
    """A line's level, None where it tells none, and what it says beside level, time and process."""

    level: str | None
    message: str


def told(text: str) -> Told:
    """Read what a part of karin wrote in one line."""
    if found := _PYTHON.match(text) or _GUNICORN.match(text):
        return Told(found[1], text[found.end() :])
    if found := _VALKEY.match(text):
        return Told(_VALKEY_MARKS[found[1]], text[found.end() :])
    if text.startswith(_COMMAND_FAILED):
        return Told("ERROR", text.removeprefix(_COMMAND_FAILED))
    return Told(None, text)
