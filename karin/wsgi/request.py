"""An HTTP request as authentication and the protocols see it: raw, before anything is parsed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came over the wire; header names are lower-case."""

    method: str
    raw_path: str  # still percent-encoded
    query_string: str  # still percent-encoded
    headers: Mapping[str, str]
    body: bytes = b""

    @classmethod
    def from_environ(cls, environ: Mapping[str, Any]) -> "HttpRequest":
        """Return the request of a WSGI environment, its body still unread.

        The path is gunicorn's RAW_URI, since PATH_INFO is decoded and signatures are over what was sent.
        """
        raw_path = str(environ["RAW_URI"]).split("?", 1)[0]
        if raw_path.startswith(("http://", "https://")):  # absolute form, as a proxy would send it
            raw_path = "/" + raw_path.split("/", 3)[3] if raw_path.count("/") > 2 else "/"
        return cls(environ["REQUEST_METHOD"], raw_path, environ.get("QUERY_STRING", ""), dict(_headers(environ)))

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        return self.headers.get(name)


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-").lower(), value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-").lower(), environ[name]
