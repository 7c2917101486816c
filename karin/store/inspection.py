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
