"""How many Redis commands an open terminal UI may cost: plans count them, and several people may look at once."""

COMMANDS_PER_SECOND = 2
SAVED_COMMANDS = 20  # what ten seconds of rest allow at once: a round over some queues, a burst of nudges


class Budget:
    """A bucket that fills with time. It may go into debt for one round, and then nothing is read until it is paid."""

    def __init__(self, now_ms: int) -> None:
        self._left = float(SAVED_COMMANDS)
        self._at_ms = now_ms

    def allows(self, now_ms: int) -> bool:
        """Tell whether a read may be made now."""
        earned = max(0, now_ms - self._at_ms) / 1000 * COMMANDS_PER_SECOND
        self._left = min(SAVED_COMMANDS, self._left + earned)
        self._at_ms = now_ms
        return self._left >= 1

    def spend(self, commands: int) -> None:
        """Take note of commands that were sent."""
        self._left -= commands
