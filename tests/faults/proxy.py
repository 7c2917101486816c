"""A TCP proxy between karin and a real store: it passes on, slows down, swallows, refuses, or answers in its stead."""

import contextlib
import re
import socket
import struct
import threading
from enum import StrEnum
from pathlib import Path
from typing import Self

CHUNK_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)
COMMAND = re.compile(rb"(?:^|\r\n)\*\d+\r\n\$\d+\r\n")  # the beginning of a command as redis-py writes them


class Way(StrEnum):
    """What becomes of what karin sends."""

    PASS = "pass"
    SWALLOW = "swallow"  # connections are taken, and nothing that is sent arrives, then or later
    REFUSE = "refuse"  # connections are reset, and no new one is taken


class Proxy:
    """Passes on what arrives at ``port`` to a Unix socket; a context manager.

    ``delay_seconds`` holds up each answer. With ``error`` every command is answered by it, as a provider does whose
    quota is used up. ``commands`` counts what karin sent.
    """

    def __init__(self, to: Path) -> None:
        self._to = to
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._way = Way.PASS
        self.delay_seconds = 0.0
        self.error: bytes | None = None
        self.commands = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._serve_at(self._listener)
        return self

    def __exit__(self, *_: object) -> None:
        self.go(Way.REFUSE)

    def go(self, way: Way) -> None:
        """Treat connections in this way from now on; those that swallowed a byte never pass another."""
        before, self._way = self._way, way
        if way is Way.REFUSE:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._reset_all()
        elif before is Way.REFUSE:
            self._listener = self._listen(self.port)
            self._serve_at(self._listener)

    def answer(self, error: str | None) -> None:
        """Answer every command with an error, on new connections too; None: leave that to the store again."""
        self.error = None if error is None else f"-{error}\r\n".encode()

    def _listen(self, port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=128)

    def _serve_at(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self._to))
            except OSError:  # the store is not there
                far.close()
                _reset(near)
                continue
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            for from_, to in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(from_, to, from_ is near), daemon=True).start()

    def _pass_on(self, from_: socket.socket, to: socket.socket, is_karins: bool) -> None:
        is_lost = False
        try:
            while piece := from_.recv(CHUNK_BYTES):
                is_lost |= self._way is Way.SWALLOW
                commands = len(COMMAND.findall(piece)) if is_karins else 0
                with self._lock:
                    self.commands += commands
                if is_lost:
                    continue
                if is_karins and self.error:
                    from_.sendall(self.error * commands)
                    continue
                if not is_karins and self.delay_seconds:
                    threading.Event().wait(self.delay_seconds)
                to.sendall(piece)
        except OSError:
            pass  # reset, from one side or by the proxy
        finally:
            with self._lock:
                self._open -= {from_, to}
            for one in (from_, to):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _reset_all(self) -> None:
        with self._lock:
            gone, self._open = self._open, set()
        for one in gone:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()
