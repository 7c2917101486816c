"""How many calls of a mapping this scheduler makes at once, and how soon again, as AWS's refusals tell.

A function's concurrency in AWS is seldom known: it is what the account, a reservation and other callers leave. So it is
found as congestion is: a refusal lowers the number of calls to those that are running, each call that ends well raises
it a little, and while none runs each refusal in a row doubles the pause. Nothing of it is stored.
"""

import random
import threading
from collections import defaultdict

FIRST_PAUSE_MS = 500  # before a refused call is tried again; doubles up to LONGEST_PAUSE_MS
LONGEST_PAUSE_MS = 30_000


class _Wheel:
    """What is known of one mapping. ``most`` is None as long as nothing was refused."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.most: float | None = None
        self.refusals = 0  # in a row
        self.held_since_ms = 0
        self.held_until_ms = 0

    def is_held(self, now_ms: int) -> bool:
        """Tell whether it is too soon for a call; a clock that was set back opens."""
        return self.held_since_ms <= now_ms < self.held_until_ms


class Brakes:
    """The brakes of all mappings; shared by the threads that call functions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wheels: defaultdict[str, _Wheel] = defaultdict(_Wheel)

    def held_until_ms(self, mapping_uuid: str, now_ms: int) -> int | None:
        """Return until when no call of a mapping is to be made, None when nothing but the end of another keeps it."""
        with self._lock:
            wheel = self._wheels[mapping_uuid]
            return wheel.held_until_ms if wheel.is_held(now_ms) else None

    def begin(self, mapping_uuid: str, now_ms: int) -> bool:
        """Tell whether a call may be made now, and count it as in flight if so; ``end`` must follow."""
        with self._lock:
            wheel = self._wheels[mapping_uuid]
            if wheel.is_held(now_ms) or (wheel.most is not None and wheel.in_flight >= int(wheel.most)):
                return False
            wheel.in_flight += 1
            return True

    def end(self, mapping_uuid: str) -> None:
        """Note that a call is over, or that nothing came of it."""
        with self._lock:
            self._wheels[mapping_uuid].in_flight -= 1

    def accepted(self, mapping_uuid: str) -> None:
        """Note that the function was called, in a call that is still counted as in flight: there is room for it."""
        with self._lock:
            wheel = self._wheels[mapping_uuid]
            wheel.refusals = wheel.held_until_ms = 0
            if wheel.most is not None and wheel.in_flight * 2 > wheel.most:  # or the bound is not what bounds them
                wheel.most += 1 / wheel.most

    def refused(self, mapping_uuid: str, called_at_ms: int, now_ms: int, retry_after_ms: int = 0) -> int:
        """Note that a call, still counted as in flight, was refused; return how long its messages should wait in ms.

        Of many calls that are refused together only one makes the pause longer, and the others wait longer than it.
        """
        with self._lock:
            wheel = self._wheels[mapping_uuid]
            wheel.most = max(1.0, wheel.in_flight - 1.0)
            # Calls that were made until the last refusal know nothing of it.
            if called_at_ms > wheel.held_since_ms or now_ms < wheel.held_since_ms:
                wheel.refusals += 1
                wheel.held_since_ms = now_ms
                longest_ms = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(wheel.refusals, 10))
                pause_ms = max(_some_of(longest_ms), min(retry_after_ms, LONGEST_PAUSE_MS))
                wheel.held_until_ms = now_ms + pause_ms
                return pause_ms
            left_ms = max(wheel.held_until_ms - now_ms, 0)
            return left_ms + _some_of(FIRST_PAUSE_MS)


def _some_of(longest_ms: int) -> int:
    return random.randint(longest_ms // 2, longest_ms)  # noqa: S311 - spreads load, guards nothing
