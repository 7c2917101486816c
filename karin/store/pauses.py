"""Which mappings are paused, for all schedulers and everyone who looks."""

from collections.abc import Collection
from typing import Any

import msgspec

from karin.mapping.pause import Pause, PausedBy
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.scripts import Scripts


class PauseCommands:
    """Keeps pauses by the UUIDs of mappings; every method is one command and may raise StoreUnavailable."""

    def __init__(self, client: Client, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def all(self) -> dict[str, Pause]:
        """Return mapping UUID -> its pause; what a newer karin wrote and this one cannot read is left out."""
        with store_errors():
            stored: Any = self._client.hgetall(keys.PAUSES)
        read = {uuid.decode(): _read(packed) for uuid, packed in stored.items()}
        return {uuid: pause for uuid, pause in read.items() if pause is not None}

    def pause(self, mapping_uuid: str, pause: Pause) -> bool:
        """Pause a mapping, or change its pause; tell whether that changed anything. A user's pause yields to none."""
        return self._write(mapping_uuid, msgspec.json.encode(pause), pause.by)

    def resume(self, mapping_uuid: str, by: PausedBy) -> bool:
        """Resume a mapping; tell whether it was paused. Only a user resumes what a user paused."""
        return self._write(mapping_uuid, b"", by)

    def forget(self, mapping_uuids: Collection[str]) -> None:
        """Drop the pauses of mappings that are gone; nobody need be told. There must be one at least."""
        with store_errors():
            self._client.hdel(keys.PAUSES, *mapping_uuids)

    def _write(self, mapping_uuid: str, pause: bytes, by: PausedBy) -> bool:
        _, (changed,) = self._scripts.call("pause", [keys.PAUSES], [mapping_uuid, pause, by.value, keys.CONTROL])
        return bool(changed)


def _read(packed: bytes) -> Pause | None:
    try:
        return msgspec.json.decode(packed, type=Pause)
    except msgspec.DecodeError:
        return None
