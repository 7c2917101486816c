"""Whether there are traces: they need a collector's address in the environment, and the extra."""

import logging
from typing import TYPE_CHECKING

from karin.settings import Settings

if TYPE_CHECKING:
    from karin.tracing.spans import Tracing

log = logging.getLogger("karin.tracing")


def open_tracing(settings: Settings, part: str) -> "Tracing | None":
    """Return what makes spans of a part of karin; None when nobody asked for traces, or the extra is missing."""
    if not settings.traces:
        return None
    try:
        from karin.tracing.spans import Tracing  # noqa: PLC0415 - an extra, of 3 MB
    except ModuleNotFoundError as error:
        log.warning("there are no traces, because %s is missing: pip install 'karin[otel]'", error.name)
        return None
    return Tracing(part)
