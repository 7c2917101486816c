"""How the store itself does: what it says of its memory, its persistence and its clock. For people who look, not for
serving: providers refuse some of these commands.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import redis

from karin.clock import Clock
from karin.mapping.outcome import first_line
from karin.store.connection import Client

LOOK_COMMANDS = 3  # INFO, CONFIG, TIME
FULL = 0.9  # of a limit: writes will soon be refused
FILLING = 0.75
MACHINE_SHARE = 0.5  # of a machine's memory, that a store without a limit of its own may take


class StoreFacts(msgspec.Struct, frozen=True):
    """What a store tells of itself.

    ``info`` are the fields of INFO, ``save`` is CONFIG's rule for snapshots on disk ("" for none), and
    ``clock_ahead_ms`` is positive when this machine's clock is ahead of the store's. ``refusals`` maps each command
    that was refused to the store's words.
    """

    info: dict[str, str] = {}
    save: str | None = None
    clock_ahead_ms: int | None = None
    refusals: dict[str, str] = {}

    def number(self, field: str) -> int:
        """Return a field of INFO that is a whole number; 0 when the store does not tell it."""
        value = self.info.get(field, "")
        return int(value) if value.isdecimal() else 0

    @property
    def drops_messages(self) -> bool:
        """Tell whether a full store makes room by dropping messages.

        Policies named ``volatile`` drop only keys that expire, and no message does.
        """
        return self.info.get("maxmemory_policy", "").startswith("allkeys")

    @property
    def fullness(self) -> float:
        """Return how much of the memory that it may take is used, 1 for all; 0 when it does not tell."""
        used, most, total = (self.number(field) for field in ("used_memory", "maxmemory", "total_system_memory"))
        return used / most if most else used / total / MACHINE_SHARE if total else 0


class Inspection:
    """Asks the store about itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def look(self, clock: Clock) -> StoreFacts:
        """Return what the store tells; three commands, and whichever it refuses is only missing. Raises nothing."""
        refusals: dict[str, str] = {}

        def asked(command: str, ask: Callable[[], Any]) -> Any:
            try:
                return ask()
            except redis.RedisError as error:
                refusals[command] = first_line(str(error)) or type(error).__name__
                return None

        info = asked("INFO", self._client.info) or {}
        config = asked("CONFIG GET", lambda: self._client.config_get("save")) or {}
        before_ms = clock.now_ms()
        time = asked("TIME", self._client.time)
        half_way_ms = (before_ms + clock.now_ms()) // 2
        return StoreFacts(
            {str(name): str(value) for name, value in info.items() if not isinstance(value, dict)},
            config.get("save"),
            half_way_ms - (time[0] * 1000 + time[1] // 1000) if time else None,
            refusals,
        )
