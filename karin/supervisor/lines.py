"""Cutting the bytes of a pipe into lines that are safe to show and bounded in size."""

import os

MAX_LINE_BYTES = 3_500  # with its prefix within PIPE_BUF (4,096), so that a line is written whole or not at all
CUT_MARK = " [cut]"
READ_BYTES = 65_536

# A terminal that tails the log must not obey what a message's body says.
_NO_CONTROL = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code != ord("\t")}


class LineReader:
    """Reads a non-blocking pipe and returns whole lines; keeps the last one for a post-mortem."""

    def __init__(self, pipe: int) -> None:
        """Take over a file descriptor that is non-blocking."""
        self._pipe = pipe
        self.last_line = ""
        self.at_end = False  # every process that could write to it has closed it
        self.closed = False
        self._rest = b""
        self._skipping = False  # the rest of a line that has been cut

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._pipe

    def read(self) -> list[str]:
        """Return the lines that one read of the pipe completes, at its end also a last one without a newline."""
        try:
            chunk = os.read(self._pipe, READ_BYTES)
        except BlockingIOError:
            return []
        self.at_end = not chunk
        return self._cut(chunk or b"\n")

    def close(self) -> None:
        """Close the pipe, which a selector must have forgotten before."""
        self.closed = True
        os.close(self._pipe)

    def _cut(self, chunk: bytes) -> list[str]:
        *whole, rest = (self._rest + chunk).split(b"\n")
        if whole and self._skipping:
            self._skipping = False
            del whole[0]
        lines = [_readable(line) for line in whole if line.strip()]
        if self._skipping:
            rest = b""
        elif len(rest) > MAX_LINE_BYTES:
            lines.append(_readable(rest))
            rest, self._skipping = b"", True
        self._rest = rest
        if lines:
            self.last_line = lines[-1]
        return lines


def _readable(line: bytes) -> str:
    text = line[:MAX_LINE_BYTES].decode(errors="replace").rstrip().translate(_NO_CONTROL)
    return text + CUT_MARK if len(line) > MAX_LINE_BYTES else text
