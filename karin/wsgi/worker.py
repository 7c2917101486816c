"""gunicorn's gevent worker, with limits for clients that are slow or many, quick to answer and quick to stop.

Requests of the plain form in which SDKs write them are answered here; any other is gunicorn's, on the same connection.

Told to stop, it waits for nobody who merely waits: it closes the connections on which nobody asks anything, which SDKs
keep open between requests, and answers long polls. gunicorn would wait for both until ``graceful_timeout`` ends, so
that each restart took 18 seconds. Requests in flight are still answered, and later ones are told ``Connection: close``.
"""

import errno
import gc
import logging
from typing import Any

import gevent
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.util import http_date
from gunicorn.workers.ggevent import GeventWorker

from karin.wsgi.client_socket import ClientSocket
from karin.wsgi.plain_http import PlainRequest, read_request, written
from karin.wsgi.quiet_log import QUIET

SPARE_CONNECTIONS = 100  # of ``worker_connections``: with fewer left, each new one takes the place of an idle one
GARBAGE = 10_000  # objects more than before until Python looks for cycles: requests leave none
# What gunicorn can be told to do with each request, which is not done for plain ones: then there are no plain ones.
ASKED_OF_GUNICORN = (
    "accesslog", "logger_class", "statsd_host", "pre_request", "post_request", "max_requests", "proxy_protocol",
)  # fmt: skip
GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EBADF)


class EndpointWorker(GeventWorker):  # type: ignore[misc]
    """The worker of the endpoint."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logging.getLogger("gunicorn.error").addFilter(QUIET)
        self._clients: dict[gevent.Greenlet, ClientSocket] = {}  # those that asked last are last
        self._idle: dict[gevent.Greenlet, ClientSocket] = {}  # connections between two requests
        self._date = http_date()
        untold = Config()
        self._may_be_plain = all(getattr(self.cfg, name) == getattr(untold, name) for name in ASKED_OF_GUNICORN)

    def init_process(self) -> None:
        """Load the application and serve; nearly all that is loaded stays, so no garbage is looked for meanwhile."""
        gc.disable()
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop; what is loaded by now stays, and is not looked through for garbage again."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
        gc.enable()
        super().run()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection; when there are nearly too many, close the one that has been of no use for longest."""
        if len(self._clients) >= self.worker_connections - SPARE_CONNECTIONS:
            self._close_one()
        connection = gevent.getcurrent()
        guarded = self._clients[connection] = ClientSocket.taking(client)
        parser = RequestParser(self.cfg, guarded, addr)
        try:
            self._serve(listener.getsockname(), parser, guarded, addr)
        except (NoMoreData, StopIteration, TimeoutError):
            pass
        except OSError as error:
            if error.errno not in GONE:
                self.log.exception("Socket error processing request.")
        except Exception as error:  # noqa: BLE001 - of a request that cannot be read, as gunicorn answers it
            self.handle_error(parser.mesg, guarded, addr, error)
        finally:
            guarded.close()
            del self._clients[connection]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer a request as gunicorn does; a client that does not take its answer in time loses its connection."""
        with sock.answering():
            super().handle_request(listener_name, req, sock, addr)

    def notify(self) -> None:
        """Tell the master that this worker lives, once a second; close what has been idle for too long.

        When stopping, end whatever merely waits.
        """
        super().notify()
        self._date = http_date()
        for client in list(self._idle.values()):
            client.idle_seconds += 1
            if not self.alive or client.idle_seconds > self.cfg.keepalive:
                client.hang_up()
        if not self.alive:
            self.wsgi.end_waits()

    def _serve(self, server: Any, parser: RequestParser, client: ClientSocket, addr: Any) -> None:
        """Answer one request after the other; returns, or raises what ends connections, when there is no more."""
        is_plain = self._may_be_plain and isinstance(addr, tuple)  # a Unix socket's clients have no address
        while piece := parser.unreader.take_buffered() or self._next_piece(client):
            plain = self._read_plain(piece) if is_plain else None
            if plain is not None and len(piece) < plain.end:
                piece = client.rest_of_piece(piece, plain.end)
            if plain is not None and len(piece) >= plain.end:
                if len(piece) > plain.end:
                    parser.unreader.unread(piece[plain.end :])
                if self._answer(plain, piece, client):
                    continue
                return
            parser.unreader.unread(piece)
            with client.reading_head(len(piece)):
                parser.mesg = None
                request = next(parser)
            self.handle_request(server, request, client, addr)
            if request.should_close() or not _is_read_to_its_end(parser, client):
                return

    def _read_plain(self, piece: bytes) -> PlainRequest | None:
        """Return the request that begins a piece if it may be answered here."""
        plain = read_request(piece)
        return plain if plain is not None and self.wsgi.takes(plain.http.raw_path) else None

    def _next_piece(self, client: ClientSocket) -> bytes:
        connection = gevent.getcurrent()
        self._clients[connection] = self._clients.pop(connection)
        self._idle[connection] = client
        try:
            return client.next_piece()
        finally:
            del self._idle[connection]

    def _answer(self, request: PlainRequest, piece: bytes, client: ClientSocket) -> bool:
        """Answer a plain request, all of which is in the piece; return whether the connection may go on."""
        answer = self.wsgi.answer(request.http.with_body(piece[request.start : request.end]), client)
        goes_on = bool(self.alive)  # it may stop while the client takes its answer, which has told it already
        client.answer(written(answer, self._date, goes_on=goes_on))
        return goes_on

    def _close_one(self) -> None:
        for client in self._clients.values():
            if client.may_close:
                client.may_close = False  # it takes a moment to go
                client.hang_up()
                return


def _is_read_to_its_end(parser: RequestParser, client: ClientSocket) -> bool:
    """Read what is left of the body of a request that was answered; return whether another may follow it.

    Where that is unknown, nothing more is said: a second answer would be taken for that of the next request.
    """
    try:
        with client.reading_head(0):
            return bool(parser.finish_body())
    except (OSError, ParseException):
        return False
