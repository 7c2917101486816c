"""What the terminal UI is doing for its user: one action, from its start to its outcome."""

from enum import Enum

import msgspec


class Phase(Enum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Activity(msgspec.Struct, frozen=True):
    """An action at one instant, by its name: ``text`` is one line for a person, ``lines`` what it came to in detail."""

    name: str
    phase: Phase
    text: str
    started_at_ms: int
    lines: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Tell whether there is no outcome yet."""
        return self.phase is Phase.RUNNING
