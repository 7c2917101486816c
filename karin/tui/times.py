"""Instants as a person reads them: in their own zone, and in UTC as well where details are told."""

from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from karin.operations import wording


class Now(NamedTuple):
    """The current instant in ms, and the zone in which times are shown."""

    ms: int
    zone: tzinfo = UTC

    def relative(self, at_ms: int | None) -> str:
        """Return ``in 4m``, ``12s ago``, ``now``, ``-`` for none."""
        return wording.relative(at_ms, self.ms)

    def clock(self, at_ms: int) -> str:
        """Return the time of day, with the date unless it is today: ``14:03:27``, ``Nov 21 14:03``."""
        at, today = self._local(at_ms), self._local(self.ms)
        return f"{at:%H:%M:%S}" if at.date() == today.date() else f"{at:%b %d %H:%M}"

    def full(self, at_ms: int | None) -> str:
        """Return date and time in the person's zone, in UTC when that differs, and how far away it is."""
        if at_ms is None:
            return "-"
        at = self._local(at_ms)
        utc = datetime.fromtimestamp(at_ms / 1000, UTC)
        text = f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03} {at.tzname()}"
        if at.utcoffset():
            text += f" = {utc:%H:%M:%S} UTC" if utc.date() == at.date() else f" = {utc:%m-%d %H:%M:%S} UTC"
        return f"{text} ({self.relative(at_ms)})"

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, self.zone)
