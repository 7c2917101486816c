"""Which layout the data has: a version in the store, so that an older karin never misreads what a newer one wrote.

Version 1 is the layout that ``karin.store.keys`` describes, and that of every store without a version. A change that an
older karin would misread gets the next version, and ``claim`` the step that leads to it: a newer karin reads what an
older one left, never the other way round.
"""

from typing import Any

from karin.store import keys
from karin.store.connection import Client, store_errors

VERSION = 1
EXIT_NEWER_STORE = 78  # sysexits.h: EX_CONFIG; of a part that refuses a store, which no other start would change


class NewerStore(Exception):  # noqa: N818 - a state of the store, told in one line
    """A newer karin wrote the store; the message is one line that says what to do."""


class SchemaCommands:
    """Reads and writes the version; every method may raise NewerStore, and StoreUnavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def check(self) -> int | None:
        """Return the version of the store, None when it has none; one command, for those who only look."""
        with store_errors():
            stored: Any = self._client.get(keys.SCHEMA)
        return None if stored is None else _known(stored)

    def claim(self) -> None:
        """Do the same as ``check`` for those who write, and give a store its version that has none."""
        if self.check() is None:
            with store_errors():
                self._client.set(keys.SCHEMA, VERSION, nx=True)
            self.check()  # another karin may have been faster, and newer

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
