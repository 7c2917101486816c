"""Durations and instants as people type them: ``10m``, ``14:30``, ``2026-11-23T09:00``. Pure: told what time it is."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

DURATIONS = "90, 90s, 10m, 2h or 1d"
TIMES = "14:30, or a date and time such as 2026-11-23T09:00"
_UNIT_MS = {"": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhd]?)", re.IGNORECASE)
_DURATIONS = re.compile(r"[0-9]{1,9}|(?:[0-9]{1,9}\s*[smhd]\s*)+", re.IGNORECASE)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class UnclearInstant(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A text is no duration, or no instant to come; the message is one line that says what to type."""


def duration_ms(text: str) -> int:
    """Return a duration in ms: a number of seconds, or numbers with s, m, h or d behind them, as in ``1h 30m``.

    Raises UnclearInstant.
    """
    text = text.strip()
    if not _DURATIONS.fullmatch(text):
        raise UnclearInstant(f"{text!r} is not a duration: say {DURATIONS}")
    return sum(int(count) * _UNIT_MS[unit.lower()] for count, unit in _DURATION.findall(text))


def delay_seconds(text: str) -> int | None:
    """Return the delay of a message in seconds, as SQS has it; None for no text. Raises UnclearInstant."""
    return duration_ms(text) // 1000 if text.strip() else None


def instant_ms(text: str, now_ms: int, zone: tzinfo | None = None) -> int:
    """Return an instant to come, in ms: the next time that clocks show ``14:30``, or a date and time in ISO 8601.

    Times without an offset are those of ``zone``, None for the machine's own. Raises UnclearInstant.
    """
    return _to_come(text.strip(), now_ms, zone, f"is not a time: say {TIMES}")


def when_ms(text: str, now_ms: int, zone: tzinfo | None = None) -> int:
    """Return what a person means by ``in 10m``, ``10m``, ``14:30`` or a date and time, as an instant in ms.

    Raises UnclearInstant.
    """
    text = text.strip()
    behind_in = re.fullmatch(r"in\s+(.*)", text, re.IGNORECASE)
    if behind_in or _DURATIONS.fullmatch(text):
        return now_ms + duration_ms(behind_in[1] if behind_in else text)
    return _to_come(text, now_ms, zone, f"is neither a duration nor a time: say in 10m, {TIMES}")


def written(at_ms: int, zone: tzinfo | None = None) -> str:
    """Return an instant in ISO 8601, to the second, with the offset of a zone: None for the machine's own."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).isoformat(timespec="seconds")


def _to_come(text: str, now_ms: int, zone: tzinfo | None, otherwise: str) -> int:
    clock = _CLOCK.fullmatch(text)
    try:
        at_ms = _next_time(clock, now_ms, zone) if clock else _to_ms(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        raise UnclearInstant(f"{text!r} {otherwise}") from None
    if at_ms < now_ms:
        raise UnclearInstant(f"{text} has passed already")
    return at_ms


def _next_time(clock: re.Match[str], now_ms: int, zone: tzinfo | None) -> int:
    hour, minute, second = map(int, clock.groups("0"))
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    at = now.replace(hour=hour, minute=minute, second=second, microsecond=0, tzinfo=None)
    at_ms = _to_ms(at, zone)
    return at_ms if at_ms >= now_ms else _to_ms(at + timedelta(days=1), zone)


def _to_ms(at: datetime, zone: tzinfo | None) -> int:
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone) if zone else at.astimezone()  # which takes a time without a zone for a local one
    return round(at.timestamp() * 1000)
