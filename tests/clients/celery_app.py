"""A small Celery application, as its users write one. A worker loads it; run as a program it sends tasks.

Its broker and settings come from the environment: ``BROKER_URL``, and ``SETTINGS``, a Python literal. As a program it
answers each line of stdin, ``{"task": ..., "arguments": [...], "options": {...}}``, with a line that holds the task's
id; the options are those of ``apply_async()``. Every run of a task adds a line of JSON to the file named by ``RUNS``.
It needs nothing but Celery, since it runs where karin is not installed.
"""

import ast
import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-not-found]
from celery.exceptions import Reject  # type: ignore[import-not-found]

ENVIRON = os.environ  # noqa: TID251 - the entry of a program

app = Celery("karin-client-tests", broker=ENVIRON["BROKER_URL"])
app.conf.update(ast.literal_eval(ENVIRON["SETTINGS"]))


def note(task: Any, name: str) -> None:
    """Run, and leave word of it."""
    _leave_word(task, name)


def fail_first(task: Any, name: str, countdown_s: float) -> None:
    """Fail the first time, and be tried again after a countdown."""
    _leave_word(task, name)
    if not task.request.retries:
        raise task.retry(countdown=countdown_s)


def reject_first(task: Any, name: str) -> None:
    """Reject the message the first time: SQS is to bring it again."""
    is_first = name not in Path(ENVIRON["RUNS"]).read_text(encoding="utf-8")
    _leave_word(task, name)
    if is_first:
        raise Reject


def wait_for(task: Any, name: str, path: str) -> None:
    """Run until no other program holds the lock of a file."""
    _leave_word(task, name)
    with Path(path).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def _leave_word(task: Any, name: str) -> None:
    word = {"name": name, "id": task.request.id, "at_ms": time.time() * 1000, "retries": task.request.retries}
    with Path(ENVIRON["RUNS"]).open("a", encoding="utf-8") as runs:
        runs.write(json.dumps(word) + "\n")


for function in (note, fail_first, reject_first, wait_for):
    # Acknowledged late: a message is deleted when its task has run, not before.
    app.task(name=function.__name__, bind=True, acks_late=True)(function)


if __name__ == "__main__":
    for line in sys.stdin:
        job = json.loads(line)
        result = app.tasks[job["task"]].apply_async(job["arguments"], **job["options"])
        print(json.dumps({"id": result.id}), flush=True)
