"""The functions that have a URL, by the names under which they are reached here."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from karin.mapping.model import FunctionUrl, LambdaFunction, Snapshot
from karin.operations.context import Context
from karin.store.connection import StoreUnavailable

GOOD_FOR_MS = 10_000  # anybody may ask: the store is not asked each time
OPEN = "NONE"  # the AuthType of a URL that anybody may call


class Reachable(msgspec.Struct, frozen=True):
    """A function URL; ``name`` has ``:alias`` when the URL belongs to one."""

    name: str
    url: FunctionUrl
    timeout_seconds: int

    @property
    def is_open(self) -> bool:
        """Tell whether AWS lets anybody call it."""
        return self.url.auth_type == OPEN

    @property
    def domain_name(self) -> str:
        """Return the host of its URL."""
        return urlsplit(self.url.url).netloc


class Known:
    """What the last sync has of functions, read from the store when it is asked for, at most once in ten seconds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read_at_ms: int | None = None
        self._found: Mapping[str, Reachable] = {}

    def all(self) -> Mapping[str, Reachable]:
        """Return name -> function URL; what is known stays when the store does not answer.

        Raises StoreUnavailable when nothing is.
        """
        now_ms = self._context.clock.now_ms()
        if self._read_at_ms is None or not 0 <= now_ms - self._read_at_ms < GOOD_FOR_MS:  # a clock may be set
            try:
                self._found = reachable(self._context.store.deployment.snapshot())
            except StoreUnavailable:
                if self._read_at_ms is None:
                    raise
            self._read_at_ms = now_ms
        return self._found


def reachable(snapshot: Snapshot | None) -> dict[str, Reachable]:
    """Return the function URLs of a deployment by name, in order of name."""
    functions = snapshot.functions if snapshot else ()
    found = [Reachable(_name(url, one), url, one.timeout_seconds) for one in functions for url in one.urls]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def _name(url: FunctionUrl, function: LambdaFunction) -> str:
    """Return ``name`` or ``name:alias``."""
    alias = url.function_arn.removeprefix(f"{function.arn}:")
    return function.name if alias == url.function_arn else f"{function.name}:{alias}"
