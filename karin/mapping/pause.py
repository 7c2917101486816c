"""When karin leaves a mapping alone for a while, and how long the while is.

A person pauses a mapping until they resume it. karin itself pauses one whose calls AWS refuses for a reason that only a
person can remove, tries a single call from time to time, and resumes it when one is accepted.
"""

from enum import StrEnum

import msgspec
from msgspec.structs import replace

FIRST_PAUSE_MS = 30_000
LONGEST_PAUSE_MS = 600_000


class PausedBy(StrEnum):
    """Who paused a mapping."""

    KARIN = "karin"
    USER = "user"


class Pause(msgspec.Struct, frozen=True):
    """A mapping is paused; ``until_ms`` is when a call is tried again, None when a person has to resume it."""

    reason: str
    since_ms: int
    until_ms: int | None
    by: PausedBy

    def holds(self, now_ms: int) -> bool:
        """Tell whether no call may be made now, not even to try; a clock that was set back opens."""
        return self.until_ms is None or self.until_ms - LONGEST_PAUSE_MS <= now_ms < self.until_ms

    def over(self, now_ms: int) -> "Pause":
        """Return the pause with its next trial due now at the latest; a user's is over only when they say so."""
        return self if self.until_ms is None else replace(self, until_ms=min(self.until_ms, now_ms))


def paused_by_user(reason: str, now_ms: int) -> Pause:
    """Return the pause that a person asks for."""
    return Pause(reason, now_ms, None, PausedBy.USER)


def paused_by_karin(before: Pause | None, reason: str, now_ms: int) -> Pause:
    """Return the pause after a call was refused: each in a row twice as long as the one before it, up to a limit.

    How long the last one was is told by how long all of them together were, so that a pause needs no other memory.
    """
    if before is None or before.until_ms is None or now_ms < before.since_ms:  # the clock was set back
        return Pause(reason, now_ms, now_ms + FIRST_PAUSE_MS, PausedBy.KARIN)
    pause_ms = min(before.until_ms - before.since_ms + FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
    return Pause(reason, before.since_ms, now_ms + pause_ms, PausedBy.KARIN)
