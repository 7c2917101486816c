"""The functions of a run with real runtimes: they write down what they are called with, and die when they are told to.

They run in processes of their own, as a user's would, and know nothing of the rest of the tests.
"""

import json
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

LONGEST_WORK_SECONDS = 0.1
FOREVER_SECONDS = 60
MISBEHAVES = 0.5  # of the calls while a mood lasts
CRASHED = 3
INSTANTS = ("SentTimestamp", "ApproximateFirstReceiveTimestamp")

FOLDER = Path(os.environ["RUN_FOLDER"])  # noqa: TID251 - a function has no other settings


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch: write it down, work on it for a moment, write down that it is done."""
    records = event["Records"]
    call, queue = context.aws_request_id, records[0]["eventSourceARN"].rpartition(":")[2]
    messages = [
        (one["messageId"], one["body"], *(int(one["attributes"][name]) for name in INSTANTS)) for one in records
    ]
    _write({"call": call, "at_ms": time.time_ns() / 1e6, "queue": queue, "messages": messages})
    mood = (FOLDER / "mood").read_text()
    threading.Event().wait(random.uniform(0, LONGEST_WORK_SECONDS))  # noqa: S311 - no secret
    if mood and random.random() < MISBEHAVES:  # noqa: S311 - no secret
        if mood == "crash":
            os._exit(CRASHED)
        threading.Event().wait(FOREVER_SECONDS)
    _write({"call": call, "at_ms": time.time_ns() / 1e6})
    return {"batchItemFailures": []}


def _write(line: object) -> None:
    """Append a line in one step, between two newlines: of a process that is killed meanwhile it may be cut off."""
    file = os.open(FOLDER / "journal", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, f"\n{json.dumps(line)}\n".encode())
    finally:
        os.close(file)
