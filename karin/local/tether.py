"""Processes that do not outlive the one that started them, even when it is killed (prctl(2), PR_SET_PDEATHSIG).

``python -m karin.local.tether PARENT_PID COMMAND...`` becomes the command, which gets TERM when its parent dies.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int, signal_number: signal.Signals) -> None:
    """Ask the kernel for a signal to this process when its parent dies; end at once if that has happened already.

    Linux ties that to the thread which started this process, so start it in the main one.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            os._exit(1)


def tethered(command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command for as long as this process lives."""
    return [sys.executable, "-P", "-m", "karin.local.tether", str(os.getpid()), *command]


if __name__ == "__main__":
    die_with(int(sys.argv[1]), signal.SIGTERM)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is meant
