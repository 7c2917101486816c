"""Which layout the data has: a version in the store, so that an older karin never misreads what a newer one wrote.

``karin.store.keys`` describes the newest; a store without a version has version 1. A change that an older karin would
misread gets the next version, and ``claim`` the step that leads to it: a newer karin reads what an older one left,
never the other way round.

2: each queue keeps how many bytes it stores, messages are stored as karin.sqs.stored says, long bodies compressed, and
their ids are spelt as karin.store.ids says. Messages of version 1 are read as they are, wherever they are met.

3: a FIFO queue keeps its messages in order in rows, and what it remembers by digests (``keys.order``,
``keys.remembered``). All of it is rewritten when the store is claimed, a thousand messages a command; bodies are not.
"""

from typing import Any

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.scripts import Scripts

VERSION = 3
UPGRADED_AT_ONCE = 1_000  # messages in one command
EXIT_NEWER_STORE = 78  # sysexits.h: EX_CONFIG; of a part that refuses a store, which no other start would change


class NewerStore(Exception):  # noqa: N818 - a state of the store, told in one line
    """A newer karin wrote the store; the message is one line that says what to do."""


class SchemaCommands:
    """Reads and writes the version; every method may raise NewerStore, and StoreUnavailable."""

    def __init__(self, client: Client, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def check(self) -> int | None:
        """Return the version of the store, None when it has none; one command, for those who only look."""
        with store_errors():
            stored: Any = self._client.get(keys.SCHEMA)
        return None if stored is None else _known(stored)

    def claim(self) -> None:
        """Do the same as ``check`` for those who write, and bring a store to this version that has an older one."""
        found = self.check()
        if found is None or found < VERSION:
            self._count_bytes()
            self._upgrade_fifo_queues()
            before = "" if found is None else found
            _, (version,) = self._scripts.call("raise_schema", [keys.SCHEMA], [VERSION, before])
            _known(version)  # another karin may have been faster, and newer

    def _count_bytes(self) -> None:
        """Add up what each queue stores; doing it again changes nothing."""
        for queue in self._queues():
            self._scripts.call("count_bytes", [keys.queue(queue), keys.messages(queue)], [keys.STORED_BYTES])

    def _upgrade_fifo_queues(self) -> None:
        """Bring FIFO queues from versions 1 and 2 to 3; doing it again, or at once with another, changes nothing."""
        parts = (keys.queue, keys.messages, keys.arrivals, keys.order, keys.remembered, keys.forgetting)
        for queue in (one for one in self._queues() if one.is_fifo):
            go_on: Any = b"-"
            while go_on:
                taken_keys = [*(part(queue) for part in parts), keys.remembered_until(queue)]
                status, reply = self._scripts.call("upgrade_fifo", taken_keys, [go_on, UPGRADED_AT_ONCE])
                go_on = reply[0] if status == "ok" else b""

    def _queues(self) -> list[QueueId]:
        with store_errors():
            names: list[Any] = self._client.zrange(keys.QUEUES, 0, -1)
        return [QueueId.parse(name.decode()) for name in names]

    def replace(self, version: int) -> None:
        """Say which version the store has from now on, since all of it was replaced."""
        with store_errors():
            self._client.set(keys.SCHEMA, version)


def _known(stored: bytes) -> int:
    text = stored.decode(errors="replace")
    if text.isdecimal() and int(text) <= VERSION:
        return int(text)
    raise NewerStore(
        f"this store was written by a newer karin (schema {text}, this one knows {VERSION}):"
        " upgrade this karin, or restore a backup"
    )
