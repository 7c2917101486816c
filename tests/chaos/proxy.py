"""A TCP proxy between karin and its store that cuts connections, delays what passes, or lets nothing pass."""

import contextlib
import socket
import struct
import threading
from typing import Self

CHUNK_BYTES = 65_536
DELAY_SECONDS = 0.15  # of each piece that passes
RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Passes on what arrives at ``port``; a context manager."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._way = ""
        self._passes = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()

    def __enter__(self) -> Self:
        """Begin to pass on."""
        self._passes.set()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection."""
        self._ended.set()
        self._passes.set()
        self._listener.close()
        self._reset_all()

    def misbehave(self, way: str) -> None:
        """``cut`` resets every connection and takes no other; ``delay`` slows them down; ``stall`` holds them up."""
        self._way = way
        if way == "cut":
            self._reset_all()
        elif way == "stall":
            self._passes.clear()

    def calm(self) -> None:
        """Pass everything on again, also what was held up."""
        self._way = ""
        self._passes.set()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._way == "cut":
                _reset(near)
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port), 5)
            except OSError:
                _reset(near)
                continue
            threading.Thread(target=self._serve, args=(near, far), daemon=True).start()

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        pair = (near, far)
        with near, far:
            with self._lock:
                self._pairs.add(pair)
            for one in pair:
                one.settimeout(None)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._pass_on, args=(far, near), daemon=True)
            back.start()
            self._pass_on(near, far)
            back.join()
            with self._lock:
                self._pairs.discard(pair)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(CHUNK_BYTES):
                if self._way == "delay":
                    self._ended.wait(DELAY_SECONDS)
                self._passes.wait()
                sink.sendall(data)
        except OSError:
            pass  # the other direction, or a fault, has ended it
        finally:
            _end(source)
            _end(sink)

    def _reset_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for near, far in pairs:
            _end(near)
            _end(far)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def _end(connection: socket.socket) -> None:
    """Wake whoever waits for a connection; what it still holds is lost."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RDWR)
