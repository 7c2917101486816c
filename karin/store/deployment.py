"""The deployment as the last sync saw it, and who is alive to serve it."""

from typing import Any

import msgspec

from karin.mapping.model import Snapshot
from karin.store import keys
from karin.store.connection import Client, store_errors

SYNC_ASKED_FOR_MS = 60_000


class DeploymentCommands:
    """Keeps the snapshot, what people override in it, and the heartbeats of schedulers.

    Every method is one command, but ``snapshot``, which is two in one round trip; all may raise StoreUnavailable.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def snapshot(self) -> Snapshot | None:
        """Return the last snapshot with what people override, None before the first sync."""
        # Read apart, so that no sync can undo what a person said meanwhile; in two keys, so in two slots of a cluster.
        pipeline: Any = self._client.pipeline(transaction=False)
        with store_errors():
            stored, overrides = pipeline.get(keys.SNAPSHOT).hkeys(keys.OVERRIDES).execute()
        return msgspec.json.decode(stored, type=Snapshot).overridden(_texts(overrides)) if stored else None

    def overrides(self) -> frozenset[str]:
        """Return the UUIDs of the mappings that are served whatever their state in AWS."""
        with store_errors():
            found: Any = self._client.hkeys(keys.OVERRIDES)
        return _texts(found)

    def override(self, mapping_uuid: str, now_ms: int) -> None:
        """Serve a mapping whatever its state in AWS."""
        with store_errors():
            self._client.hset(keys.OVERRIDES, mapping_uuid, now_ms)

    def end_override(self, mapping_uuid: str) -> bool:
        """Serve a mapping only as its state in AWS allows; tell whether it was overridden."""
        with store_errors():
            return bool(self._client.hdel(keys.OVERRIDES, mapping_uuid))

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


def _texts(fields: list[bytes]) -> frozenset[str]:
    return frozenset(field.decode() for field in fields)
