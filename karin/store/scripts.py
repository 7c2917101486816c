"""The Lua scripts, one file per command, read from the package and called by name."""

from collections.abc import Sequence
from importlib import resources
from typing import Any

from karin.store.connection import Client, store_errors

Argument = str | bytes | int


def script_names() -> list[str]:
    """Return the names of all scripts, without ``.lua``."""
    folder = resources.files("karin.store") / "lua"
    return sorted(entry.name.removesuffix(".lua") for entry in folder.iterdir() if entry.name.endswith(".lua"))


def script_text(name: str) -> str:
    """Return a script's source."""
    return (resources.files("karin.store") / "lua" / f"{name}.lua").read_text(encoding="utf-8")


class Scripts:
    """All scripts, registered with one client; each call is one EVALSHA."""

    def __init__(self, client: Client) -> None:
        self._scripts = {name: client.register_script(script_text(name)) for name in script_names()}

    def call(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> tuple[str, list[Any]]:
        """Run a script; return its status word and the rest of its reply. Raises StoreUnavailable."""
        with store_errors():
            status, *rest = self._scripts[name](keys=list(keys), args=list(args))
        return status.decode(), rest


def optional_instant(value: int) -> int | None:
    """Return an instant that a script gave, or None for its -1."""
    return None if value < 0 else value
