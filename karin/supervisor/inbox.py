"""Signals as a queue: a handler does nothing, the kernel's bytes wait in a pipe until the loop reads them."""

import os
import signal
from types import FrameType, TracebackType

STDIN = 0
_TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class SignalInbox:
    """While entered, the signals of the supervisor arrive in a pipe that a selector can watch."""

    def __enter__(self) -> "SignalInbox":
        """Take the signals over."""
        self._on_terminal = os.isatty(STDIN)
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        # A full pipe loses only repetitions: each kind that matters is in it already.
        self._fd_before = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for signum in _TAKEN:
            signal.signal(signum, _ignore)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stay deaf: the process is about to end, and one more Ctrl-C must not spoil how."""
        signal.set_wakeup_fd(self._fd_before)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        os.close(self._read_end)
        os.close(self._write_end)

    def fileno(self) -> int:
        """Return the file descriptor to watch."""
        return self._read_end

    def take(self) -> list[signal.Signals]:
        """Return the signals that have arrived, in order."""
        try:
            numbers = os.read(self._read_end, 4096)
        except BlockingIOError:
            return []
        return [self._meaning(signal.Signals(number)) for number in numbers if number in _TAKEN]

    def _meaning(self, signum: signal.Signals) -> signal.Signals:
        """Take HUP for TERM when it says that the terminal is gone: nobody asked for a reload, or for a daemon."""
        gone = signum is signal.SIGHUP and self._on_terminal and not os.isatty(STDIN)
        return signal.SIGTERM if gone else signum


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Let the wake-up pipe do the work: a handler must exist for the kernel to tell Python."""
