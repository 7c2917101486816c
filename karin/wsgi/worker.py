"""gunicorn's gevent worker, with limits for clients that are slow or many, and quick to stop.

Told to stop, it waits for nobody who merely waits: it closes the connections on which nobody asks anything, which SDKs
keep open between requests, and answers long polls. gunicorn would wait for both until ``graceful_timeout`` ends, so
that each restart took 18 seconds. Requests in flight are still answered, and later ones are told ``Connection: close``.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from karin.wsgi.client_socket import ClientSocket
from karin.wsgi.quiet_log import QUIET

ANSWER_SECONDS = 30  # for a client to take its answer: the longest has 4 MB
SPARE_CONNECTIONS = 100  # of ``worker_connections``: with fewer left, each new one takes the place of an idle one


class EndpointWorker(GeventWorker):  # type: ignore[misc]
    """The worker of the endpoint."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logging.getLogger("gunicorn.error").addFilter(QUIET)
        self._clients: dict[gevent.Greenlet, ClientSocket] = {}  # those that asked last are last
        self._idle: dict[gevent.Greenlet, ClientSocket] = {}  # connections between two requests

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection; when there are nearly too many, close the one that has been of no use for longest."""
        if len(self._clients) >= self.worker_connections - SPARE_CONNECTIONS:
            self._close_one()
        guarded = ClientSocket.taking(client)
        self._clients[gevent.getcurrent()] = guarded
        try:
            super().handle(listener, guarded, addr)
        finally:
            del self._clients[gevent.getcurrent()]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer a request; a client that does not take its answer in time loses its connection."""
        sock.settimeout(ANSWER_SECONDS)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            raise StopIteration from None
        finally:
            sock.settimeout(None)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Bound the wait for a connection's next request; gunicorn takes silence for its end."""
        connection = gevent.getcurrent()
        client = self._clients.pop(connection)
        self._clients[connection] = client
        with gevent.Timeout(self.cfg.keepalive, False), client.reading_head():
            self._idle[connection] = client
            try:
                yield
            finally:
                del self._idle[connection]

    def notify(self) -> None:
        """Tell the master that this worker lives, once a second; when stopping, end whatever merely waits."""
        super().notify()
        if not self.alive:
            self.wsgi.end_waits()
            for client in list(self._idle.values()):
                client.hang_up()

    def _close_one(self) -> None:
        for client in self._clients.values():
            if client.may_close:
                client.may_close = False  # it takes a moment to go
                client.hang_up()
                return
