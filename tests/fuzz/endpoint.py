"""The endpoint within this process: gunicorn's worker as karin has it, on a socket pair, and a real store behind it.

Bytes go in and bytes come out as over the network, but a request costs no switch between processes, and its time on
the processor can be measured. Only the listening socket and gunicorn's master are missing.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import redis.connection
from gevent import socket as gevent_socket
from gunicorn.config import Config
from gunicorn.glogging import Logger

from karin.wsgi import gunicorn_config
from karin.wsgi.app import Application, create
from karin.wsgi.worker import EndpointWorker

HOST = "127.0.0.1:4000"
PATIENCE_SECONDS = 30  # for an answer
ROOM_BYTES = 12 * 1024 * 1024  # of a socket: the whole of a request fits


class Endpoint:
    """One worker; ``ask`` gives it a connection with some bytes."""

    def __init__(self, store_url: str, **variables: str) -> None:
        environ = {"REDIS_URL": store_url, "KARIN_BIND": HOST, "AWS_REGION": "us-east-1"} | variables
        self.app: Application = create(environ)
        self.app.end_waits()  # a long poll is answered at once, as by a worker that is about to stop
        cfg = Config()
        for name in cfg.settings.keys() & vars(gunicorn_config).keys():
            cfg.set(name, getattr(gunicorn_config, name))
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._worker: Any = EndpointWorker(0, 0, [], None, 30, cfg, Logger(cfg))
        self._worker.wsgi = self.app

    def ask(self, request: bytes, *, ends: bool = False) -> bytes:
        """Return all that comes back for some bytes; with ``ends`` the client sends nothing more, and says so."""
        client, served = gevent_socket.socketpair()
        for end in (client, served):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_BYTES)
        handling = gevent.spawn(self._worker.handle, self._listener, served, ("127.0.0.1", 50_000))
        try:
            client.settimeout(PATIENCE_SECONDS)
            client.sendall(request)
            if ends:
                client.shutdown(socket.SHUT_WR)
            answer = _all_of(client) if ends else _one_of(client)
        finally:
            client.close()
            handling.join(PATIENCE_SECONDS)
        if handling.exception is not None:
            raise handling.exception
        assert handling.ready(), "the worker lets go of a connection that its client has left"
        return answer

    def close(self) -> None:
        """Let go of the worker."""
        self._listener.close()
        self._worker.tmp.close()


@contextmanager
def cooperative_redis() -> Iterator[None]:
    """Let connections to Redis be gevent's meanwhile, as they are in a worker, where gunicorn patches all sockets.

    Here the rest of the process is a test's or a fuzzer's, and stays as it is.
    """
    connections: Any = redis.connection
    before, connections.socket = connections.socket, gevent_socket
    try:
        yield
    finally:
        connections.socket = before


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect what is logged meanwhile as an error: none may be caused by a stranger."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    ear = Ear(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("karin", "gunicorn.error")]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [ear], False
    try:
        yield heard
    finally:
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate


def _all_of(client: Any) -> bytes:
    try:
        return b"".join(iter(lambda: client.recv(65_536), b""))
    except ConnectionError:
        return b""


def _one_of(client: Any) -> bytes:
    """Return the bytes of one answer, whose end its Content-Length tells."""
    answer = bytearray()
    length: int | None = None
    while length is None or len(answer) < length:
        piece = client.recv(65_536)
        if not piece:
            break
        answer += piece
        if length is None and (end := answer.find(b"\r\n\r\n")) >= 0:
            length = end + 4 + _content_length(bytes(answer[:end]))
    return bytes(answer)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
