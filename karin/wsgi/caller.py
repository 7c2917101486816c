"""Who calls and from where: what an action may need to know of the HTTP request."""

import re
import socket
from collections.abc import Callable, Iterable
from urllib.parse import unquote

import msgspec

from karin.access_keys import EVERYTHING, KeyScope
from karin.sqs.names import QueueId
from karin.wsgi.connection import Connection
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.request import HttpRequest

_QUEUE_PATH = re.compile(r"/(?P<account>\d{12})/(?P<name>[^/]+)/?$", re.ASCII)


class Caller(msgspec.Struct, frozen=True):
    """The caller of an action, once it is authenticated."""

    http: HttpRequest
    token: str | None  # the URL token by which it came
    sender_id: str
    client: socket.socket
    long_polls: LongPolls  # where the caller may wait
    scope: KeyScope = EVERYTHING  # what the key that signed may be used for
    header_of_traceparent: Callable[[str], str | None] | None = None  # with traces: a W3C header as AWS writes it

    @property
    def connection(self) -> Connection:
        """Return the connection by which the caller waits for its answer."""
        return Connection(self.client)

    @property
    def base_url(self) -> str:
        """Return scheme and host that the client used, with its URL token when it came by one."""
        http = self.http
        scheme = (http.headers.get("x-forwarded-proto") or http.scheme).split(",")[0].strip()
        host = (http.headers.get("x-forwarded-host") or http.headers.get("host") or http.netloc).split(",")[0].strip()
        return f"{scheme}://{host}/{self.token}" if self.token else f"{scheme}://{host}"

    @property
    def trace_header(self) -> str | None:
        """Return the X-Ray trace header of the request; with traces, also of a W3C one."""
        header = self.http.headers.get("x-amzn-trace-id")
        if header or self.header_of_traceparent is None:
            return header
        traceparent = self.http.headers.get("traceparent")
        return self.header_of_traceparent(traceparent) if traceparent else None

    @property
    def queue_path(self) -> str | None:
        """Return the request's path when it is a queue's, as Java and PHP clients send it."""
        found = _QUEUE_PATH.search(self.http.raw_path)
        return f"/{found['account']}/{unquote(found['name'])}" if found else None

    def urls_of(self, queues: Iterable[QueueId]) -> list[str]:
        """Return the QueueUrls at which this caller reaches queues again."""
        base_url = self.base_url
        return [f"{base_url}/{queue.account}/{queue.name}" for queue in queues]

    def url_of(self, queue: QueueId) -> str:
        """Return the QueueUrl at which this caller reaches a queue again."""
        return self.urls_of([queue])[0]
