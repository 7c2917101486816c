"""Functions under test; each does one thing that a real one may do."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def echo(event: Event, context: Any) -> Event:
    """Return the event and what the context says of the call."""
    return {
        "event": event,
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "client_context": context.client_context.custom if context.client_context else None,
        "pid": os.getpid(),
    }


def fail(_event: Event, _context: Any) -> None:
    """Raise."""
    raise ValueError("no good")


def hang(_event: Event, _context: Any) -> None:
    """Never answer."""
    print("before the timeout")
    threading.Event().wait()


def leave(event: Event, _context: Any) -> None:
    """End the runtime in the middle of a call."""
    print("leaving")
    os._exit(event["status"])


def write(event: Event, _context: Any) -> None:
    """Write to stdout and stderr."""
    print("x" * event.get("length", 0) + "to stdout")
    print("to stderr", file=sys.stderr)


def environment(_event: Event, _context: Any) -> dict[str, str]:
    """Return the environment variables."""
    return dict(os.environ)  # noqa: TID251


def meet(event: Event, _context: Any) -> int:
    """Wait until a call with the other's name runs at the same time; return the process id."""
    here = Path(event["directory"])
    (here / event["me"]).touch()
    while not (here / event["other"]).exists():
        threading.Event().wait(0.01)
    return os.getpid()


def too_long(_event: Event, _context: Any) -> str:
    """Return more than Lambda lets pass."""
    return "x" * 6_500_000


def web(event: Event, _context: Any) -> Any:
    """Answer a request as the request itself asks for, or return what it says."""
    asked = json.loads(event.get("body") or "{}")
    if "return" in asked:
        return asked["return"]
    return {"statusCode": 200, "headers": {"X-Seen": True}, "cookies": ["a=1", "b=2"], "body": json.dumps(event)}


def echo_event(event: Event, _context: Any) -> Event:
    """Return the event."""
    return event


def with_child(event: Event, _context: Any) -> int:
    """Start a process that would outlive the runtime; return its id, and hang if asked to."""
    child = subprocess.Popen(["sleep", "600"])
    Path(event["pids"]).write_text(f"{os.getpid()} {child.pid}", encoding="ascii")
    if event.get("hang"):
        threading.Event().wait()
    return child.pid
