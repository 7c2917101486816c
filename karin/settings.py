"""Frozen, typed settings, built once at each process's entry from an environment mapping.

Owns every setting karin reads, its default and the sentence a person gets when it is wrong. Nothing else in the
package looks at the environment; boto3 reads its own ``AWS_*`` names.
"""

import difflib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from karin.access_keys import AccessKeyError, KeyScope, parse_access_keys
from karin.redis_url import RedisUrl, RedisUrlError

DEFAULT_ACCOUNT_ID = "000000000000"
DEFAULT_BIND = "127.0.0.1:4000"
DEFAULT_WEB_BIND = "127.0.0.1:4100"  # of karin-tui in a browser
DEFAULT_METRICS_BIND = "127.0.0.1:9091"  # is only suggested: metrics are off by default
DEFAULT_REGION = "us-east-1"
DEFAULT_MAX_CONCURRENCY = 100  # Lambda calls in flight: a thread and about 80 KB each (docs/decisions.md)
DEFAULT_SWEEP_SECONDS = 60
WEB_PASSWORD_LENGTH = 12  # characters, at least
SQS_MAX_DELAY_SECONDS = 900
STORE_MEMORY_MB = (16, 1024 * 1024)
MOST_BYTES = 10**12 - 1
MOST_AMOUNT = 10**12
AMOUNTS = {"": 1, "k": 1_000, "M": 1_000_000}  # what a number may be written with
SWITCH = ("0", "1")  # off and on
FSYNC = ("everysec", "always")
YEAR_SECONDS = 366 * 24 * 60 * 60
SOCKET_NAME = "store.sock"
SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path, less its final NUL


class SettingsError(ValueError):
    """A setting is wrong; the message is one line that names the variable and the fix."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of karin's settings. Durations are in seconds, as people write them in an environment."""

    home: Path
    redis_url: str | None = field(default=None, repr=False)  # None: the embedded store in ``home``
    bind_host: str = "127.0.0.1"
    bind_port: int = 4000
    access_keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # key id -> secret
    key_scopes: Mapping[str, KeyScope] = field(default_factory=dict)  # of those keys that are limited
    url_token: str | None = field(default=None, repr=False)
    web_password: str | None = field(default=None, repr=False)  # of karin-tui in a browser; None: loopback only
    index: bool = False  # whether the endpoint lists the functions and forwards to them by their names
    account_id: str | None = None  # None: taken from the mappings, else DEFAULT_ACCOUNT_ID
    region: str = DEFAULT_REGION
    workers: int = 1
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY
    max_delay_seconds: int = SQS_MAX_DELAY_SECONDS
    sync_interval_seconds: int = 0
    sweep_interval_seconds: int = DEFAULT_SWEEP_SECONDS
    max_queue_bytes: int | None = None  # that one queue may hold; 0: no limit; None: by the store (karin.sqs.quotas)
    max_bytes: int | None = None  # that all queues may hold together; as above
    redis_budget: int | None = None  # Redis commands a day for this machine; None: what the store tells, if it does
    store_memory_mb: int | None = None  # that the embedded store may take; None: by the machine (karin.embedded)
    metrics_bind: tuple[str, int] | None = None  # host and port where metrics are served; None: nowhere
    traces: bool = False  # whether there is a collector for them, to which OpenTelemetry finds by itself
    store_fsync: str = FSYNC[0]  # when the embedded store's log is on the disk, in Valkey's words

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Build settings from an environment mapping.

        Raises SettingsError when a value is unusable, a ``KARIN_*`` name is unknown, or the endpoint would be open
        to strangers: bound beyond loopback with neither access keys nor a URL token.
        """
        _reject_unknown_names(environ)
        host, port = parse_address(environ.get("KARIN_BIND") or DEFAULT_BIND, "KARIN_BIND", DEFAULT_BIND)
        access_keys, key_scopes = _access_keys(environ.get("KARIN_ACCESS_KEYS"))
        settings = cls(
            home=_home(environ),
            redis_url=_redis_url(environ.get("REDIS_URL")),
            bind_host=host,
            bind_port=port,
            access_keys=access_keys,
            key_scopes=key_scopes,
            url_token=_url_token(environ.get("KARIN_URL_TOKEN")),
            web_password=_web_password(environ.get("KARIN_WEB_PASSWORD")),
            index=_one_of(environ, "KARIN_INDEX", SWITCH) == SWITCH[1],
            account_id=_account_id(environ.get("KARIN_ACCOUNT_ID")),
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
            workers=_integer(environ, "WEB_CONCURRENCY", 1, 1, 64),
            max_concurrency=_integer(environ, "KARIN_MAX_CONCURRENCY", DEFAULT_MAX_CONCURRENCY, 1, 1000),
            max_delay_seconds=_integer(
                environ, "KARIN_MAX_DELAY_SECONDS", SQS_MAX_DELAY_SECONDS, SQS_MAX_DELAY_SECONDS, YEAR_SECONDS
            ),
            sync_interval_seconds=_integer(environ, "KARIN_SYNC_INTERVAL", 0, 0, YEAR_SECONDS),
            sweep_interval_seconds=_integer(environ, "KARIN_SWEEP_INTERVAL", DEFAULT_SWEEP_SECONDS, 1, 3600),
            max_queue_bytes=_optional_integer(environ, "KARIN_MAX_QUEUE_BYTES", 0, MOST_BYTES),
            max_bytes=_optional_integer(environ, "KARIN_MAX_BYTES", 0, MOST_BYTES),
            redis_budget=_amount(environ, "KARIN_REDIS_BUDGET"),
            store_memory_mb=_optional_integer(environ, "KARIN_STORE_MEMORY", *STORE_MEMORY_MB),
            store_fsync=_one_of(environ, "KARIN_STORE_FSYNC", FSYNC),
            traces=_traces(environ),
            metrics_bind=_optional_address(environ, "KARIN_METRICS_BIND", DEFAULT_METRICS_BIND),
        )
        _refuse_open_door(settings)
        return settings

    @property
    def socket_path(self) -> Path:
        """Return where the embedded store listens."""
        return self.home / SOCKET_NAME

    @property
    def store_url(self) -> str:
        """Return the Redis URL to connect to: the user's, or the embedded store's socket."""
        return self.redis_url or f"unix://{self.socket_path}"

    @property
    def endpoint_url(self) -> str:
        """Return the endpoint's address as a program on this machine reaches it, without any URL token."""
        return _local_url(self.bind_host, self.bind_port)

    @property
    def metrics_url(self) -> str | None:
        """Return where a program on this machine reads the metrics, None when they are not served."""
        return f"{_local_url(*self.metrics_bind)}/metrics" if self.metrics_bind else None


VARIABLES = (
    "KARIN_HOME", "KARIN_BIND", "KARIN_ACCESS_KEYS", "KARIN_URL_TOKEN", "KARIN_ACCOUNT_ID", "KARIN_MAX_CONCURRENCY",
    "KARIN_MAX_DELAY_SECONDS", "KARIN_SYNC_INTERVAL", "KARIN_SWEEP_INTERVAL", "KARIN_WEB_PASSWORD",
    "KARIN_STORE_MEMORY", "KARIN_STORE_FSYNC", "KARIN_MAX_QUEUE_BYTES", "KARIN_MAX_BYTES", "KARIN_METRICS_BIND",
    "KARIN_INDEX", "KARIN_REDIS_BUDGET",
)  # fmt: skip

SHARED_VARIABLES = (
    "KARIN_ACCOUNT_ID", "KARIN_MAX_CONCURRENCY", "KARIN_MAX_DELAY_SECONDS", "KARIN_SYNC_INTERVAL",
    "KARIN_SWEEP_INTERVAL", "KARIN_STORE_MEMORY", "KARIN_STORE_FSYNC", "KARIN_MAX_QUEUE_BYTES", "KARIN_MAX_BYTES",
    "KARIN_METRICS_BIND", "KARIN_REDIS_BUDGET", "AWS_REGION", "AWS_DEFAULT_REGION", "WEB_CONCURRENCY",
)  # fmt: skip
"""How a karin works, which whoever looks at it must know; no secret, and not where it or its store is."""


def shared_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return of an environment what those who look at a karin share with it."""
    return {name: environ[name] for name in SHARED_VARIABLES if environ.get(name)}


def with_shared(environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which what is shared is another's: what is not set there is not set here."""
    kept = {name: value for name, value in environ.items() if name not in SHARED_VARIABLES}
    return kept | shared_variables(variables)


def mask_url(url: str) -> str:
    """Return a Redis URL fit for showing: ``***`` for its password, which may hold any sign, and for its parameters."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    who, at, where = rest.rpartition("@")
    user, colon, _ = who.partition(":")
    place, question, _ = where.partition("?")
    return f"{scheme}{mark}{user}{colon and ':***'}{at}{place}{question and '?***'}"


def parse_address(value: str, name: str, example: str) -> tuple[str, int]:
    """Return the host (an IPv6 one without brackets) and the port of ``host:port``. Raises SettingsError."""
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"{name}={value} is not an address: write host:port, such as {example}")
    return host, int(port)


def _optional_address(environ: Mapping[str, str], name: str, example: str) -> tuple[str, int] | None:
    value = environ.get(name)
    return parse_address(value, name, example) if value else None


def _traces(environ: Mapping[str, str]) -> bool:
    """Tell whether OpenTelemetry's own variables ask for traces."""
    is_disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporters = (environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(",")
    has_collector = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return bool(has_collector) and not is_disabled and "otlp" in exporters


def _local_url(host: str, port: int) -> str:
    """Return how this machine reaches what listens on an address, or on all addresses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a host: an address without brackets, or ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reject_unknown_names(environ: Mapping[str, str]) -> None:
    for name in environ:
        if name.startswith("KARIN_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known names: {', '.join(VARIABLES)}"
            raise SettingsError(f"{name} is not a setting of karin: {hint}")


def _home(environ: Mapping[str, str]) -> Path:
    if given := environ.get("KARIN_HOME"):
        home = Path(given).expanduser().absolute()
    else:
        state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/") / ".local" / "state")
        home = Path(state) / "karin"
    if not environ.get("REDIS_URL") and len(bytes(home / SOCKET_NAME)) > SOCKET_PATH_LIMIT:
        raise SettingsError(
            f"KARIN_HOME={home} is too long for the store's socket: choose a path of at most"
            f" {SOCKET_PATH_LIMIT - len(SOCKET_NAME) - 1} bytes"
        )
    return home


def _redis_url(value: str | None) -> str | None:
    if not value:
        return None
    try:
        RedisUrl.parse(value)
    except RedisUrlError as error:
        raise SettingsError(f"REDIS_URL={mask_url(value)} {error}") from None
    return value


def _access_keys(value: str | None) -> tuple[dict[str, str], dict[str, KeyScope]]:
    try:
        return parse_access_keys(value or "")
    except AccessKeyError as error:
        raise SettingsError(f"KARIN_ACCESS_KEYS {error}") from None


def _url_token(value: str | None) -> str | None:
    if not value:
        return None
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", value):
        raise SettingsError(
            "KARIN_URL_TOKEN must be 16 to 128 letters, digits, '-' or '_': make one with `openssl rand -hex 24`"
        )
    return value


def _web_password(value: str | None) -> str | None:
    if value and len(value) < WEB_PASSWORD_LENGTH:
        raise SettingsError(
            f"KARIN_WEB_PASSWORD must have {WEB_PASSWORD_LENGTH} characters or more: make one with"
            " `openssl rand -base64 18`"
        )
    return value or None


def _account_id(value: str | None) -> str | None:
    if value and not re.fullmatch(r"\d{12}", value, re.ASCII):
        raise SettingsError(f"KARIN_ACCOUNT_ID={value} is not an AWS account: write its 12 digits")
    return value or None


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = _optional_integer(environ, name, low, high)
    return default if value is None else value


def _optional_integer(environ: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    value = environ.get(name)
    if not value:
        return None
    if not re.fullmatch(r"\d{1,12}", value, re.ASCII) or not low <= int(value) <= high:
        raise SettingsError(f"{name}={value} is out of range: write a whole number from {low} to {high}")
    return int(value)


def _amount(environ: Mapping[str, str], name: str) -> int | None:
    """Return a number that may be written with k for thousand or M for million."""
    value = environ.get(name)
    if not value:
        return None
    found = re.fullmatch(r"(\d{1,12})([kM]?)", value, re.ASCII)
    amount = int(found[1]) * AMOUNTS[found[2]] if found else 0
    if not 0 < amount <= MOST_AMOUNT:
        raise SettingsError(f"{name}={value} is no number of commands a day: write one such as 16000, 16k or 2M")
    return amount


def _one_of(environ: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    """Return a setting that is one of a few words, of which the first is the default."""
    value = environ.get(name) or words[0]
    if value not in words:
        raise SettingsError(f"{name}={value} is not known: write {' or '.join(words)}")
    return value


def _refuse_open_door(settings: Settings) -> None:
    if settings.index and not (settings.access_keys or settings.url_token):
        raise SettingsError(
            "KARIN_INDEX=1 would let the pages of your functions use your queues, which they share an address with:"
            " set KARIN_ACCESS_KEYS=id:secret or KARIN_URL_TOKEN, too"
        )
    if settings.access_keys or settings.url_token or is_loopback(settings.bind_host):
        return
    raise SettingsError(
        f"KARIN_BIND={settings.bind_host}:{settings.bind_port} would let anyone use your queues:"
        " set KARIN_ACCESS_KEYS=id:secret or KARIN_URL_TOKEN, or bind 127.0.0.1"
    )
