"""What the terminal UI is doing for its user: one change or sync, from its start to its outcome."""

from enum import Enum

import msgspec


class Kind(Enum):
    """Which deed."""

    SEND = "send"
    PURGE = "purge"
    SYNC = "sync"


class Phase(Enum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Activity(msgspec.Struct, frozen=True):
    """A deed at one instant: ``text`` is one line for a person, ``lines`` what it changed in detail."""

    kind: Kind
    phase: Phase
    text: str
    started_at_ms: int
    lines: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Tell whether there is no outcome yet."""
        return self.phase is Phase.RUNNING
