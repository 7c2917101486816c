"""What a runtime process writes: kept for the log of its invocation and copied to this service's stderr."""

import os
from typing import TextIO

from gevent import socket

KEEP_BYTES = 65_536  # of one invocation's output; the oldest goes first


class Output:
    """One pipe for stdout and stderr of one process, so that their order is kept."""

    def __init__(self, prefix: str, copy_to: TextIO) -> None:
        self._prefix = prefix
        self._copy_to = copy_to
        self._read_fd, self.write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self._kept = bytearray()
        self._unfinished_line = b""
        self._is_open = True

    def close_write_end(self) -> None:
        """Close this process's own hold on the pipe; call once the runtime has it."""
        os.close(self.write_fd)

    def follow(self) -> None:
        """Copy what is written as it comes, until every writer has closed the pipe. Runs as its own greenlet."""
        while True:
            socket.wait_read(self._read_fd)
            if not self._drain():
                return

    def take(self) -> str:
        """Return what was written since the last call: at most KEEP_BYTES of it, ending with a newline.

        Reads the pipe first: what a runtime wrote before it answered is in the pipe by then.
        """
        if self._is_open:
            self._drain()
        text = bytes(self._kept).decode(errors="replace")
        self._kept.clear()
        return text if not text or text.endswith("\n") else text + "\n"

    def close(self) -> None:
        """Read what is left and close the pipe; nothing may be following it any more."""
        self._drain()
        self._is_open = False
        os.close(self._read_fd)
        if self._unfinished_line:
            self._copy(self._unfinished_line)

    def _drain(self) -> bool:
        """Read all that is there; tells whether more can come."""
        while True:
            try:
                data = os.read(self._read_fd, KEEP_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            # awslambdaric ends the lines of a traceback with \r
            self._keep(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))

    def _keep(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-KEEP_BYTES]
        *lines, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        for line in lines:
            self._copy(line)

    def _copy(self, line: bytes) -> None:
        print(f"{self._prefix}: {line.decode(errors='replace')}", file=self._copy_to, flush=True)
