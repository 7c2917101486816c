"""An HTTP server on a TCP address, as both the service and each environment's Runtime API need one."""

import socket
from collections.abc import Mapping
from typing import Any, TextIO

from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

RAW_PATH_KEY = "karin.raw_path"  # the path as it was sent, with its % signs: PATH_INFO is decoded


class _Handler(WSGIHandler):  # type: ignore[misc] # gevent has no types
    def get_environ(self) -> dict[str, object]:
        environ: dict[str, object] = super().get_environ()
        environ[RAW_PATH_KEY] = self.path.partition("?")[0]
        return environ


def listen(
    address: tuple[str, int], application: object, *, environ: Mapping[str, object], errors: TextIO | None
) -> Any:
    """Start serving a WSGI application; returns gevent's server, whose ``server_port`` is the port it got.

    ``environ`` is added to the WSGI environment of every request; unexpected errors are written to ``errors``. Another
    ``application`` of the server answers from the next request on. Raises OSError when the address cannot be had.
    """
    server = WSGIServer(
        address, application, spawn=Pool(), log=None, error_log=errors, environ=dict(environ), handler_class=_Handler
    )
    server.start()
    # pywsgi writes head and body of an answer in two pieces: without this, which accepted connections inherit, the
    # second waits some 40 ms for the client's delayed acknowledgement of the first.
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server
