"""The client's connection, of which only one thing is asked: is somebody still there to take an answer?"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent

READABLE = 1  # libev's word for it


class Connection:
    """A socket while its request is answered; nothing is ever taken out of it."""

    def __init__(self, client: socket.socket) -> None:
        self._socket = client

    def is_gone(self) -> bool:
        """Tell whether the client hung up. Bytes that it sent ahead mean that it is there."""
        patience = self._socket.gettimeout()
        self._socket.settimeout(0)  # or gevent would wait for bytes
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(patience)

    @contextmanager
    def watched(self, hung_up: Callable[[], None]) -> Iterator[None]:
        """Call ``hung_up``, in gevent's hub, when the client does so meanwhile."""
        with gevent.get_hub().loop.io(self._socket.fileno(), READABLE) as watcher:

            def look() -> None:
                watcher.stop()  # a request that is sent ahead would call again and again
                if self.is_gone():
                    hung_up()

            watcher.start(look)
            yield
