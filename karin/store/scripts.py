"""The Lua scripts, one file per command, read from the package and called by name.

What several scripts do alike stands once, one function a file, in ``lua/parts``. A script takes it with ``local name =
include('name')``. The function is then put there on one line, so that the lines Redis tells of in an error are those of
the script's own file: an error in a part is told of the line that includes it.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import redis

from karin.sqs.errors import QueueDoesNotExist
from karin.store.connection import Client, store_errors
from karin.store.faults import StoreUnavailable, unavailable

Argument = str | bytes | int
Unit = TypeVar("Unit")

NO_BOUND = 1 << 52  # for an argument that bounds a number
OLDER_LAYOUT = b"older_layout"  # what scripts say of a queue that karin.store.schema has yet to upgrade

_FOLDER = Path(__file__).with_name("lua")  # importlib.resources, with zipfile behind it, is 0.5 MB of each process


def _script(file_name: str) -> str:
    own = (_FOLDER / file_name).read_text(encoding="utf-8")
    return re.sub(r"include\('(\w+)'\)", lambda found: _part(found[1]), own)


@cache
def _part(name: str) -> str:
    """Return a part's function on one line, without its comments."""
    lines = (_FOLDER / "parts" / f"{name}.lua").read_text(encoding="utf-8").splitlines()
    code = [stripped for line in lines if not (stripped := line.strip()).startswith("--")]
    return " ".join(code).removeprefix("return ")


SCRIPTS = {
    entry.name.removesuffix(".lua"): _script(entry.name) for entry in _FOLDER.iterdir() if entry.name.endswith(".lua")
}
"""The text of each script by its name, as Redis gets it."""


@runtime_checkable
class ManyNodes(Protocol):
    """A client of a cluster (karin.store.cluster), which only those load that have one."""

    def nodes(self) -> Sequence[Any]:
        """Return the nodes that serve slots."""
        ...

    def known_slots(self) -> Any:
        """Return which node serves which slot (karin.store.slots)."""
        ...


class Scripts:
    """All scripts, registered with one client; each call is one EVALSHA.

    ``is_split`` when the store is a cluster: then a script takes keys of one slot, so those of one queue.
    """

    def __init__(self, client: Client) -> None:
        self._scripts = {name: client.register_script(text) for name, text in SCRIPTS.items()}
        self._client = client
        self.is_split = isinstance(client, ManyNodes)

    @property
    def parts(self) -> int:
        """Return over how many nodes the queues are spread. Raises StoreUnavailable."""
        with store_errors():
            return len(self._client.nodes()) if isinstance(self._client, ManyNodes) else 1

    def together(self, units: Sequence[Unit], most: int | None = None) -> list[Sequence[Unit]]:
        """Return queues in parts of which each goes into one command, and has ``most`` of them if that is given."""
        size = 1 if self.is_split else most or max(len(units), 1)
        return [units[start : start + size] for start in range(0, len(units), size)]

    def call(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> tuple[str, list[Any]]:
        """Run a script; return its status word and the rest of its reply. Raises StoreUnavailable.

        A script may answer with its status word and whole numbers as one text: for each list that a script answers
        with, the server takes 16 KB of memory and gives them back.
        """
        try:
            reply = self._scripts[name](keys, args)
        except redis.RedisError as error:
            raise unavailable(error) from error
        if isinstance(reply, bytes):
            word, *numbers = reply.split(b" ")
            return word.decode(), [int(number) for number in numbers]
        status, *rest = reply
        if status == OLDER_LAYOUT:
            raise StoreUnavailable("an older karin wrote this FIFO queue: it is upgraded when karin's endpoint starts")
        return status.decode(), rest


def optional_instant(value: int) -> int | None:
    """Return an instant that a script gave, or None for its -1."""
    return None if value < 0 else value


def require_queue(status: str) -> None:
    """Raise QueueDoesNotExist when a script's status word says so."""
    if status == "no_queue":
        raise QueueDoesNotExist
