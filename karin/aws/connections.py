"""Connections to one endpoint, kept between calls: HTTP/1.1 over TLS or not, through a proxy or not.

Nothing is ever sent twice. What goes wrong is told apart by when it does: before anything was sent, or after.
"""

import base64
import select
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

from karin.aws.access import Route
from karin.aws.answers import Answer, Reading
from karin.mapping.outcome import Unknown
from karin.mapping.payload import SMALL_BYTES, Payload
from karin.mapping.refusals import Refused

CONNECT_TIMEOUT_SECONDS = 5
PORTS = {"http": 80, "https": 443}


class Connections:
    """The connections of a route; threads share them, each has one to itself during a call."""

    def __init__(self, route: Route, most_idle: int) -> None:
        self._url = route.url
        self._most_idle = most_idle
        self._lock = threading.Lock()
        self._idle: list[HTTPConnection] = []  # the one that was used last is last
        endpoint = urlsplit(route.url)
        self._host, self._port = endpoint.hostname or "", endpoint.port or PORTS[endpoint.scheme]
        self.host_header = endpoint.netloc if self._port != PORTS[endpoint.scheme] else _bracketed(self._host)
        self.base_path = endpoint.path.rstrip("/")
        self._tls = _tls_context(route.ca_file) if endpoint.scheme == "https" else None
        self._proxy = urlsplit(route.proxy_url) if route.proxy_url else None
        # A proxy is told the whole URL, unless it only passes TLS on.
        self._target = f"{endpoint.scheme}://{endpoint.netloc}" if self._proxy and not self._tls else ""
        self._proxy_headers = _proxy_headers(self._proxy)

    def post(
        self, path: str, headers: dict[str, str], payload: Payload, read_timeout_seconds: float
    ) -> Answer | Refused | Unknown:
        """Send a payload to a path and return what is answered; a large one is dropped as soon as it is sent."""
        try:
            connection = self._take() or self._connected()
        except (OSError, HTTPException) as error:
            return self._unreached(error)
        if self._target:
            headers = headers | self._proxy_headers
        lines = (f"POST {self._target}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        head = "\r\n".join((*lines, f"content-length: {payload.size}", "\r\n")).encode("latin-1")
        try:
            came = self._exchanged(connection.sock, head, payload, read_timeout_seconds, path)
        except BaseException:
            connection.close()
            raise
        if isinstance(came, Unknown):
            connection.close()
            return came
        answer, is_kept = came
        self._give_back(connection, is_kept=is_kept)
        return answer

    def close(self) -> None:
        """Close those that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _exchanged(
        self, connection: socket.socket, head: bytes, payload: Payload, read_timeout_seconds: float, path: str
    ) -> tuple[Answer, bool] | Unknown:
        """Return the answer, and whether the connection may be used again."""
        reading = Reading(connection)
        try:
            if connection.gettimeout() != read_timeout_seconds:
                connection.settimeout(read_timeout_seconds)
            if payload.size <= SMALL_BYTES:
                connection.sendall(head + payload.data)  # in one segment
            else:
                connection.sendall(head)
                connection.sendall(payload.data)
                payload.drop()
            return reading.read()
        except TimeoutError:
            return Unknown("ReadTimeoutError", f'Read timeout on endpoint URL: "{self._url_of(path)}"')
        except ssl.SSLError as error:
            return Unknown("SSLError", f"SSL validation failed for {self._url_of(path)} {error}")
        except (OSError, HTTPException) as error:
            if reading.is_begun:
                return Unknown(
                    "ResponseStreamingError", f"An error occurred while reading from response stream: {error}"
                )
            url = self._url_of(path)
            text = f'Connection was closed before we received a valid response from endpoint URL: "{url}".'
            return Unknown("ConnectionClosedError", text)

    def _url_of(self, path: str) -> str:
        return f"{self._url}{path.removeprefix(self.base_path)}"

    def _take(self) -> HTTPConnection | None:
        """Return a connection that was used before and that the other side has not closed."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not _is_readable(connection.sock):
                return connection
            connection.close()

    def _give_back(self, connection: HTTPConnection, *, is_kept: bool) -> None:
        with self._lock:
            if is_kept and len(self._idle) < self._most_idle:
                self._idle.append(connection)
                return
        connection.close()

    def _connected(self) -> HTTPConnection:
        host, port = self._host, self._port
        if self._proxy:
            host, port = self._proxy.hostname or "", self._proxy.port or PORTS["http"]
        connection = (
            HTTPSConnection(host, port, timeout=CONNECT_TIMEOUT_SECONDS, context=self._tls)
            if self._tls
            else HTTPConnection(host, port, timeout=CONNECT_TIMEOUT_SECONDS)
        )
        if self._proxy and self._tls:
            connection.set_tunnel(self._host, self._port, self._proxy_headers)
        try:
            connection.connect()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except BaseException:
            connection.close()
            raise
        return connection

    def _unreached(self, error: Exception) -> Refused | Unknown:
        if isinstance(error, ssl.SSLError):
            return Unknown("SSLError", f"SSL validation failed for {self._url} {error}")
        if isinstance(error, TimeoutError):
            code, text = "ConnectTimeoutError", f'Connect timeout on endpoint URL: "{self._url}"'
        elif self._proxy:
            code = "ProxyConnectionError"
            text = f'Failed to connect to proxy URL: "{self._proxy.scheme}://{self._proxy.netloc.rpartition("@")[2]}"'
        else:
            code, text = "EndpointConnectionError", f'Could not connect to the endpoint URL: "{self._url}"'
        return Refused(code, message=text, is_unreached=True)


def _tls_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # botocore is not strict: private authorities seldom are
    return context


def _proxy_headers(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or proxy.username is None:
        return {}
    user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_readable(connection: socket.socket) -> bool:
    """Tell whether there is something to read where nothing was asked: the end, or what nobody can make sense of."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
