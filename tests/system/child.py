"""Small programs for the supervisor to run: ``python child.py MODE [ARGUMENT]``. Each prints what happens to it."""

import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def heard(signum: int, frame: FrameType | None) -> None:
    """Tell which signal came; TERM ends the program."""
    say(f"got {signal.Signals(signum).name}")
    if signum == signal.SIGTERM:
        sys.exit(0)


def wait_for_signals() -> NoReturn:
    """Stay until a signal ends the program."""
    say("ready")
    while True:
        signal.pause()


def patient() -> None:
    """Tell of TERM, INT and HUP, and end at TERM."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, heard)
    wait_for_signals()


def stubborn() -> None:
    """Ignore whatever can be ignored, with a worker in the same group that does so too."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    os.fork()
    wait_for_signals()


def broken() -> None:
    """Say what is wrong and end with the given exit code."""
    say("something before")
    say("KARIN_EXAMPLE=1 is wrong: set 2")
    sys.exit(int(sys.argv[2]))


def parent() -> None:
    """Leave a process of another session without its parent, then go on."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pause()
        os._exit(0)
    os.wait()
    patient()


def chatty() -> None:
    """Write 3 MB in lines of a kilobyte, one line far too long, and some control characters."""
    for number in range(3_000):
        say(f"line {number:04} " + "x" * 1_000)
    say("long " + "y" * 100_000)
    say("\x1b[2Jclean")
    say("the last line")
    patient()


def listener() -> None:
    """Accept connections on the given port, as the endpoint does."""
    with socket.create_server(("127.0.0.1", int(sys.argv[2]))):
        patient()


def marker() -> None:
    """Be up, as the given file tells, then go on."""
    Path(sys.argv[2]).touch()
    patient()


if __name__ == "__main__":
    {
        "patient": patient,
        "stubborn": stubborn,
        "broken": broken,
        "parent": parent,
        "chatty": chatty,
        "listener": listener,
        "marker": marker,
    }[sys.argv[1]]()
