"""In which time zone a person reads times. Over SSH nobody tells the user's: a machine's zone is mostly UTC."""

from collections.abc import Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal import get_localzone


class UnknownZone(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """There is no zone of a name; the message is one line that says what to write."""


def zone_of(given: str | None, environ: Mapping[str, str]) -> tzinfo:
    """Return the zone of a name in the IANA database, else that of ``TZ``, else the machine's own. Raises UnknownZone.

    A ``TZ`` that names no such zone is left to the machine, as every other program leaves it.
    """
    if given:
        try:
            return ZoneInfo(given)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UnknownZone(f"there is no time zone {given!r}: write it as Asia/Seoul or UTC") from None
    try:
        return ZoneInfo(environ["TZ"].removeprefix(":"))
    except (KeyError, ZoneInfoNotFoundError, ValueError, OSError):
        return get_localzone()
