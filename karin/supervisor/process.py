"""Starting and signalling one process, between fork and exec.

Not the ``subprocess`` module: as PID 1 the supervisor reaps every process with one ``waitpid(-1)``, which would take
the exit status from under it, and it costs a megabyte and a half.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from karin.supervisor.lines import LineReader

PR_SET_PDEATHSIG = 1  # prctl(2)
CANNOT_EXECUTE, NOT_FOUND = 126, 127  # as in a shell
_CHANGED_SIGNALS = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD,  # ours
    signal.SIGPIPE, signal.SIGXFSZ,  # ignored by Python, and exec would hand that on
)  # fmt: skip

# Loaded before any fork: between fork and exec as little as possible should happen.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Process:
    """A started process and the pipe that its standard output and error share."""

    pid: int
    output: LineReader

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process alone; one that has just ended is left in peace."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)

    def kill_group(self) -> None:
        """Kill the process with everything that it has started and not given a group of its own."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.send(signal.SIGKILL)  # it has not come to make its group yet


def kill_leftovers(pid: int) -> None:
    """Kill what a reaped process left in its group: workers of a crashed master would still hold its port."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def spawn(command: Sequence[str], environ: Mapping[str, str], keep: Sequence[int] = ()) -> Process:
    """Start a command in a session of its own, so that Ctrl-C in a terminal reaches only the supervisor.

    It gets an empty standard input and, on Linux, a TERM when the supervisor dies. ``keep`` are file descriptors that
    it inherits. Raises OSError when the system has no room for another process.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    parent = os.getpid()
    # A signal between fork and exec would run our handlers in the child, which write into a pipe shared with us.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _become(command, environ, write_end, keep, parent)
    except OSError:
        os.close(read_end)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write_end)
    return Process(pid, LineReader(read_end))


def _become(
    command: Sequence[str], environ: Mapping[str, str], output: int, keep: Sequence[int], parent: int
) -> NoReturn:
    """Turn the forked child into the command; whatever happens, never return into the supervisor's code."""
    status = CANNOT_EXECUTE
    try:
        signal.set_wakeup_fd(-1)
        for signum in _CHANGED_SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        os.setsid()
        _die_with(parent)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for descriptor in keep:
            os.set_inheritable(descriptor, True)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(command[0], tuple(command), environ)  # noqa: S606 - no shell is meant
    except OSError as error:
        status = NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE
        os.write(output, f"cannot execute {command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(status)


def _die_with(parent: int) -> None:
    """Ask the kernel for a TERM when the supervisor dies, even by SIGKILL."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(128 + signal.SIGTERM)


def describe_exit(status: int) -> str:
    """Return an exit status as a person says it: "exit code 2", "signal SIGKILL"."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
