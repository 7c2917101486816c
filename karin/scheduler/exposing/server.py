"""The door for Prometheus: ``GET /metrics`` on an address of its own, one reader after the other."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.registry import Collector

PATH = "/metrics"
SLOW_SECONDS = 5  # a reader that stalls holds up the others no longer

log = logging.getLogger("karin.metrics")

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def serve(host: str, port: int, collector: Collector) -> None:
    """Serve in a thread of its own for as long as this process lives. Raises OSError when the address is not to be had.

    Nobody's identity is asked for: who may connect is a matter of the address.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]

    class Server(WSGIServer):
        address_family = family

        def server_bind(self) -> None:
            """Bind without asking the network for this machine's name, which may take long."""
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
            self.server_name, self.server_port = host, port
            self.setup_environ()

        def handle_error(self, _request: Any, _address: Any) -> None:
            """Say nothing of readers that went away."""

    server = Server(address, _Handler)  # type: ignore[arg-type]  # its stub knows addresses of IPv4 alone
    server.set_app(only_metrics(make_wsgi_app(registry)))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def only_metrics(application: Application) -> Application:
    """Return an application that answers a GET of PATH alone, and never with a traceback."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") != "GET":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [f"metrics are at GET {PATH}\n".encode()]
        try:
            return list(application(environ, start))
        except Exception:
            log.exception("metrics cannot be told for a reason that is karin's own fault")
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"see karin's log\n"]

    return answer


class _Handler(WSGIRequestHandler):
    timeout = SLOW_SECONDS

    def log_message(self, *_: Any) -> None:
        """Write no line for each reading."""
