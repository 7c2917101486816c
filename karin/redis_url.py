"""What a Redis URL says: of one server, of a cluster, or of the sentinels that know a primary.

One server has redis-py's own URL. The other two name several hosts, in the shape that the field uses for them:
``redis+cluster://host:port,host:port`` and ``redis+sentinel://host:port,host:port/service/db``; with ``rediss`` all
connections are encrypted. The parameters are redis-py's, as far as they are a user's business.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

DEFAULT_PORT = 6379
SENTINEL_PORT = 26379
CERTIFICATE_CHECKS = ("required", "optional", "none")
TRUTHS = ("true", "false", "yes", "no", "1", "0")

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS = (*_FILES, "ssl_ca_path", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname", "ssl_ciphers")
_OF_SENTINELS = ("sentinel_username", "sentinel_password")
_NUMBERS = ("db", "socket_timeout", "socket_connect_timeout", "health_check_interval")
_OF_ANY = ("username", "password", "client_name", *_NUMBERS)

Address = tuple[str, int]


class RedisUrlError(ValueError):
    """A Redis URL cannot be used; the message says why, without a secret, to be put behind the variable's name."""


class Kind(StrEnum):
    """What a URL leads to."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A URL in its parts. ``hosts`` are those of the servers, or of the sentinels; none for a socket."""

    kind: Kind
    text: str = field(repr=False)
    hosts: tuple[Address, ...] = ()
    service: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_encrypted: bool = False
    user: str = field(default="", repr=False)  # and its password, as they stand in the URL
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> "RedisUrl":
        """Read a URL. Raises RedisUrlError."""
        scheme, mark, rest = text.partition("://")
        base, _, shape = scheme.partition("+")
        if not mark or base not in ("redis", "rediss", "unix") or shape not in ("", "cluster", "sentinel"):
            raise RedisUrlError(_SHAPES)
        kind = Kind(shape) if shape else Kind.SERVER
        if base == "unix":
            if shape or urlsplit(text).path in ("", "/"):
                raise RedisUrlError(_SHAPES)
            return cls(kind, text, parameters=_parameters(urlsplit(text).query, kind, is_encrypted=False))
        where, _, query = rest.partition("?")
        place, _, path = where.rpartition("@")[2].partition("/")
        user = where.rpartition("@")[0]
        hosts = _hosts(place, SENTINEL_PORT if kind is Kind.SENTINEL else DEFAULT_PORT)
        if kind is Kind.SERVER and len(hosts) > 1:
            raise RedisUrlError(f"names several hosts: write {base}+cluster://... or {base}+sentinel://.../service")
        service, database = _service(path, kind)
        return cls(
            kind=kind,
            text=text,
            hosts=hosts,
            service=service,
            parameters=_parameters(query, kind, is_encrypted=base == "rediss"),
            is_encrypted=base == "rediss",
            user=":".join(quote(part, safe="%") for part in user.split(":", 1)),  # such as a slash in a password
            path=database,
        )

    def of_server(self, address: Address) -> str:
        """Return the URL, as redis-py takes it, of one server that this URL leads to."""
        return self._of(address, self.user, {k: v for k, v in self.parameters.items() if k not in _OF_SENTINELS})

    def of_sentinel(self, address: Address) -> str:
        """Return the URL of a sentinel, which has its own user and password, or none."""
        own = {
            name.removeprefix("sentinel_"): self.parameters[name] for name in _OF_SENTINELS if name in self.parameters
        }
        others = {name: value for name, value in self.parameters.items() if name not in (*_OF_SENTINELS, *_OF_ANY)}
        return self._of(address, "", own | others, with_path=False)

    def _of(self, address: Address, user: str, parameters: Mapping[str, str], *, with_path: bool = True) -> str:
        host, port = address
        host = f"[{host}]" if ":" in host else host
        question = "?" if parameters else ""
        path = f"/{self.path}" if self.path and with_path else ""
        scheme = "rediss" if self.is_encrypted else "redis"
        return f"{scheme}://{user}{'@' if user else ''}{host}:{port}{path}{question}{urlencode(parameters)}"


_SHAPES = (
    "is not a Redis address: write redis://host:port, rediss://... for TLS, unix:///path,"
    " redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/service,"
    " or unset it to use the embedded store"
)


def _hosts(place: str, default_port: int) -> tuple[Address, ...]:
    hosts = []
    for part in place.split(","):
        try:
            parts = urlsplit(f"//{part}")
            port = parts.port
        except ValueError:
            raise RedisUrlError(f"has no usable port in {part}: write host:port") from None
        if not parts.hostname:
            raise RedisUrlError(_SHAPES)
        hosts.append((parts.hostname, default_port if port is None else port))
    return tuple(hosts)


def _service(path: str, kind: Kind) -> tuple[str, str]:
    """Return the name that sentinels know the primary by, and the number of the database."""
    service, database = "", path.strip("/")
    if kind is Kind.SENTINEL:
        service, _, database = database.partition("/")
        if not service:
            raise RedisUrlError("names no service: write redis+sentinel://host:port/service, often mymaster")
    if database and not database.isdecimal():
        raise RedisUrlError(f"has /{database} where the number of a database stands: write /0, or leave it out")
    if kind is Kind.CLUSTER:
        _require_first(database)
    return service, database


def _require_first(database: str) -> None:
    if database.strip("0"):
        raise RedisUrlError("asks for a database that no cluster has: there is only /0")


def _parameters(query: str, kind: Kind, *, is_encrypted: bool) -> dict[str, str]:
    known = (*_OF_ANY, *(_TLS if is_encrypted else ()), *(_OF_SENTINELS if kind is Kind.SENTINEL else ()))
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in parameters.items():
        if name in _TLS and not is_encrypted:
            raise RedisUrlError(f"has {name}, which means something for rediss:// alone")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise RedisUrlError(f"has the parameter {name}, which karin does not know: {hint}")
        _check(name, value)
    if kind is Kind.CLUSTER:
        _require_first(parameters.get("db", ""))
    return parameters


def _check(name: str, value: str) -> None:
    """Raise RedisUrlError when redis-py or OpenSSL would stumble over a value later."""
    if name in _NUMBERS and not value.replace(".", "", 1).isdecimal():
        raise RedisUrlError(f"has {name}={value}: write a number")
    if name == "ssl_cert_reqs":
        _require_one_of(name, value, CERTIFICATE_CHECKS)
    if name == "ssl_check_hostname":
        _require_one_of(name, value.lower(), TRUTHS)
    if name in _FILES and not (Path(value).is_file() and os.access(value, os.R_OK)):
        raise RedisUrlError(f"has {name}={value}, which is no file that can be read: give the path of a PEM file")


def _require_one_of(name: str, value: str, words: Sequence[str]) -> None:
    if value not in words:
        raise RedisUrlError(f"has {name}={value}: write {', '.join(words[:-1])} or {words[-1]}")
