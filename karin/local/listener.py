"""An HTTP server on a TCP address, as both the service and each environment's Runtime API need one."""

import socket
from collections.abc import Mapping
from typing import Any, TextIO

from gevent.pool import Pool
from gevent.pywsgi import WSGIServer


def listen(
    address: tuple[str, int], application: object, *, environ: Mapping[str, object], errors: TextIO | None
) -> Any:
    """Start serving a WSGI application; returns gevent's server, whose ``server_port`` is the port it got.

    ``environ`` is added to the WSGI environment of every request; unexpected errors are written to ``errors``.
    Raises OSError when the address cannot be had.
    """
    server = WSGIServer(address, application, spawn=Pool(), log=None, error_log=errors, environ=dict(environ))
    server.start()
    # pywsgi writes head and body of an answer in two pieces: without this, which accepted connections inherit, the
    # second waits some 40 ms for the client's delayed acknowledgement of the first.
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server
