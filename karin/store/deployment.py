"""The deployment as the last sync saw it, and who is alive to serve it."""

from typing import Any

import msgspec

from karin.mapping.model import Snapshot
from karin.store import keys
from karin.store.connection import Client, store_errors

SYNC_ASKED_FOR_MS = 60_000


class DeploymentCommands:
    """Keeps the snapshot and the heartbeats of schedulers; every method is one command."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def snapshot(self) -> Snapshot | None:
        """Return the last snapshot, None before the first sync. Raises StoreUnavailable."""
        with store_errors():
            stored = self._client.get(keys.SNAPSHOT)
        return msgspec.json.decode(stored, type=Snapshot) if stored else None

    def replace_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the snapshot as a whole."""
        with store_errors():
            self._client.set(keys.SNAPSHOT, msgspec.json.encode(snapshot))

    def may_ask_for_sync(self) -> bool:
        """Tell whether to ask for a sync now: true for one caller a minute, whoever it is."""
        with store_errors():
            return bool(self._client.set(keys.SYNC_ASKED, "1", nx=True, px=SYNC_ASKED_FOR_MS))

    def last_sweeps(self) -> dict[str, int]:
        """Return scheduler id -> the instant in ms of its last sweep."""
        with store_errors():
            entries: dict[Any, Any] = self._client.hgetall(keys.SCHEDULERS)
        return {name.decode(): int(at_ms) for name, at_ms in entries.items()}

    def say_goodbye(self, scheduler_id: str) -> None:
        """Forget a scheduler that stops in good order."""
        with store_errors():
            self._client.hdel(keys.SCHEDULERS, scheduler_id)
