"""An HTTP request as authentication and the protocols see it: raw, before anything is parsed. And what answers it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec


class HttpRequest(msgspec.Struct, frozen=True):
    """A request as it came over the wire; header names are lower-case."""

    method: str
    raw_path: str  # still percent-encoded
    query_string: str  # still percent-encoded
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"  # of this connection, whatever a proxy in front speaks
    netloc: str = ""  # of the server, for a client that names no host

    @classmethod
    def from_environ(cls, environ: Mapping[str, Any]) -> "HttpRequest":
        """Return the request of a WSGI environment, its body still unread.

        The path is gunicorn's RAW_URI, since PATH_INFO is decoded and signatures are over what was sent.
        """
        raw_path = str(environ["RAW_URI"]).split("?", 1)[0]
        if raw_path.startswith(("http://", "https://")):  # absolute form, as a proxy would send it
            raw_path = "/" + raw_path.split("/", 3)[3] if raw_path.count("/") > 2 else "/"
        return cls(
            environ["REQUEST_METHOD"],
            raw_path,
            environ.get("QUERY_STRING", ""),
            _Headers(environ),
            scheme=environ["wsgi.url_scheme"],
            netloc=f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
        )

    def with_body(self, body: bytes) -> "HttpRequest":
        """Return the same request with its body."""
        return HttpRequest(self.method, self.raw_path, self.query_string, self.headers, body, self.scheme, self.netloc)


class HttpAnswer(msgspec.Struct, frozen=True):
    """What answers a request; ``headers`` are those beside the type and the length of the body."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]


class _Headers(Mapping[str, str]):
    """The headers of a WSGI environment, found when they are asked for: few ever are."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[_variable_of(name)]
        return value

    def __iter__(self) -> Iterator[str]:
        for variable in self._environ:
            if variable.startswith("HTTP_") or variable in _WITHOUT_PREFIX:
                yield variable.removeprefix("HTTP_").replace("_", "-").lower()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header's value; Mapping's own way would raise and catch for each that is missing."""
        return self._environ.get(_variable_of(name), default)


@lru_cache(maxsize=256)  # strangers may send any names
def _variable_of(name: str) -> str:
    """Return the variable in which WSGI holds a header (PEP 3333, "environ Variables")."""
    variable = name.upper().replace("-", "_")
    return variable if variable in _WITHOUT_PREFIX else f"HTTP_{variable}"


_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
