"""What each environment variable means: the one text from which help, man page and docs/environment.md are made.

Knows the defaults of ``karin.settings`` and reads no environment. Loaded only by who shows help; a test holds the
names, defaults and ranges to what Settings does.
"""

from typing import NamedTuple

from karin import settings


class Variable(NamedTuple):
    """One variable. ``default`` is what a person reads, "" for none; ``between`` are its least and greatest number."""

    name: str
    default: str
    meaning: str
    between: tuple[int, int] | None = None
    words: tuple[str, ...] = ()
    more: str = ""  # a link and its text, for the page
    is_secret: bool = False


VARIABLES = (
    Variable(
        "KARIN_HOME",
        "~/.local/state/karin; of karin dev a folder in dev there",
        "the embedded store's data, the log, and what the commands need to find a running karin"
        " ($XDG_STATE_HOME/karin where that is set)",
    ),
    Variable(
        "REDIS_URL",
        "the embedded store",
        "a Redis or Valkey elsewhere: redis://, rediss:// (TLS), unix://, redis+cluster://, redis+sentinel://",
        more="[kinds of stores](scaling.md#one-store-several-kinds)",
        is_secret=True,
    ),
    Variable(
        "KARIN_BIND",
        settings.DEFAULT_BIND,
        "address of the endpoint; one beyond loopback needs KARIN_ACCESS_KEYS or KARIN_URL_TOKEN",
    ),
    Variable(
        "KARIN_ACCESS_KEYS",
        "",
        "id:secret[:actions[:queues]],... that callers may sign with",
        more="[keys with fewer rights](security.md#locking-it)",
        is_secret=True,
    ),
    Variable(
        "KARIN_URL_TOKEN",
        "",
        "secret first path segment of the endpoint's URL that replaces a signature; 16 to 128 letters, digits, - or _",
        more="[what a leak opens](security.md#what-a-leak-opens)",
        is_secret=True,
    ),
    Variable(
        "KARIN_ACCOUNT_ID", f"from the mappings, else {settings.DEFAULT_ACCOUNT_ID}", "account in ARNs and queue URLs"
    ),
    Variable(
        "KARIN_INDEX",
        settings.SWITCH[0],
        "1: the endpoint lists the functions that have a URL at /, and forwards to them at /f/FUNCTION/",
        words=settings.SWITCH,
        more="[functions under their names](functions.md)",
    ),
    Variable(
        "KARIN_MAX_CONCURRENCY",
        str(settings.DEFAULT_MAX_CONCURRENCY),
        "Lambda calls in flight in one scheduler",
        between=(1, 1000),
    ),
    Variable(
        "KARIN_MAX_DELAY_SECONDS",
        f"{settings.SQS_MAX_DELAY_SECONDS}, as SQS",
        "the longest delay that a message or a queue may have, up to a year",
        between=(settings.SQS_MAX_DELAY_SECONDS, settings.YEAR_SECONDS),
    ),
    Variable(
        "KARIN_SYNC_INTERVAL",
        "0, on demand",
        "seconds between two syncs of the mappings with AWS",
        between=(0, settings.YEAR_SECONDS),
    ),
    Variable(
        "KARIN_SWEEP_INTERVAL",
        str(settings.DEFAULT_SWEEP_SECONDS),
        "seconds between two sweeps, which repair a lost nudge",
        between=(1, 3600),
    ),
    Variable(
        "KARIN_MAX_BYTES",
        "by the store's memory",
        "bytes that all queues together may hold, 0 for no limit",
        between=(0, settings.MOST_BYTES),
        more="[a flood](reliability.md#a-flood)",
    ),
    Variable(
        "KARIN_MAX_QUEUE_BYTES",
        "three quarters of that",
        "bytes that one queue may hold, 0 for no limit",
        between=(0, settings.MOST_BYTES),
    ),
    Variable(
        "KARIN_REDIS_BUDGET",
        "as the store tells when it refuses",
        "Redis commands that this machine may spend in a day (UTC), such as 16k or 2M; when they run short karin gives"
        " up what messages do not need",
        more="[what is given up](deploy-fly.md#when-commands-are-counted)",
    ),
    Variable(
        "KARIN_STORE_MEMORY",
        "half of what the rest of karin leaves of the machine's: 53 of 256",
        "MB that the embedded store may take",
        between=settings.STORE_MEMORY_MB,
    ),
    Variable(
        "KARIN_STORE_FSYNC",
        settings.FSYNC[0],
        "when the embedded store's log is on the disk: each second, or before a message is acknowledged",
        words=settings.FSYNC,
        more="[what a crash may cost](reliability.md#what-a-crash-may-cost)",
    ),
    Variable(
        "KARIN_METRICS_BIND",
        "off",
        f"address at which metrics are served to Prometheus, such as {settings.DEFAULT_METRICS_BIND}",
        more="[metrics](metrics.md)",
    ),
    Variable(
        "KARIN_WEB_PASSWORD",
        "",
        f"password of karin-tui --web, {settings.WEB_PASSWORD_LENGTH} characters or more; without it that binds only"
        " loopback",
        more="[in a browser](tui.md#in-a-browser)",
        is_secret=True,
    ),
    Variable("WEB_CONCURRENCY", "1", "gunicorn workers of the endpoint", between=(1, 64)),
    Variable(
        "AWS_REGION",
        f"AWS_DEFAULT_REGION, else {settings.DEFAULT_REGION}",
        "region of the functions and queues, and of ARNs",
    ),
)
"""What karin itself reads."""

OTHERS = (
    Variable(
        "AWS_*",
        "boto3's own chain",
        "credentials and endpoints of AWS (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL_LAMBDA ...); never set"
        " AWS_ENDPOINT_URL_SQS where karin itself runs",
        more="[rights that karin needs](aws.md#what-karin-may-do)",
    ),
    Variable(
        "OTEL_*",
        "no traces",
        "OpenTelemetry's own; OTEL_EXPORTER_OTLP_ENDPOINT turns traces on",
        more="[traces](traces.md)",
    ),
    Variable("HTTPS_PROXY, NO_PROXY", "", "a proxy for calls of AWS"),
    Variable(
        "NO_COLOR, COLUMNS, TZ", "the terminal's and the machine's", "colours, width and time zone of what is shown"
    ),
)
"""What others read in karin's processes: boto3, OpenTelemetry and the libraries that draw."""


def variable(name: str) -> Variable:
    """Return a variable by its name; raises StopIteration when there is none."""
    return next(one for one in (*VARIABLES, *OTHERS) if one.name == name)
