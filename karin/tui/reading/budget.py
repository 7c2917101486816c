"""How many Redis commands an open terminal UI may cost: plans count them, and several people may look at once."""

from typing import NamedTuple


class Rate(NamedTuple):
    """How many commands a second, and how many may be saved up for a burst: a round, some nudges."""

    commands_per_second: float
    saved: int


ATTENDED = Rate(2, 20)
UNATTENDED = Rate(1 / 31, 1)  # nothing is saved, and each read is one command: no minute ever has more than two
WAKING_COMMANDS = 8  # a person who comes back sees the present at once: a round and what the view needs


class Budget:
    """A bucket that fills with time. It may go into debt for one round, and then nothing is read until it is paid."""

    def __init__(self, now_ms: int) -> None:
        self.spent = 0
        self._rate = ATTENDED
        self._left = float(ATTENDED.saved)
        self._at_ms = now_ms

    @property
    def is_attended(self) -> bool:
        """Tell whether someone is taken to look."""
        return self._rate is ATTENDED

    def attend(self, is_attended: bool, now_ms: int) -> None:
        """Go on at the rate of a terminal that someone looks at, or of one left open: without what was saved."""
        if is_attended == self.is_attended:
            return
        self._earn(now_ms)
        self._rate = ATTENDED if is_attended else UNATTENDED
        self._left = max(self._left, WAKING_COMMANDS) if is_attended else 0.0

    def allows(self, now_ms: int) -> bool:
        """Tell whether a read may be made now."""
        self._earn(now_ms)
        return self._left >= 1

    def spend(self, commands: int) -> None:
        """Take note of commands that were sent."""
        self.spent += commands
        self._left -= commands

    def _earn(self, now_ms: int) -> None:
        earned = max(0, now_ms - self._at_ms) / 1000 * self._rate.commands_per_second
        self._left = min(self._rate.saved, self._left + earned)
        self._at_ms = now_ms
