"""Keys that come faster than the screens change: each one goes to what the one before it has opened or closed.

Textual hands a key to what has the focus at that instant, while the key before it may still be on its way through the
widgets: what is typed right behind the key that opens a dialog would be lost, or taken for commands.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message_pump import MessagePump

Typed = events.Key | events.Paste
PATIENCE_SECONDS = 0.5  # of a key with one that got lost in a widget that ended


class _EscapeApart(XTermParser):
    """Reads ESC and a key that come together as these two keys.

    Over a slow line both arrive at once, as some terminals send Alt and a key, which karin-tui has no use for. Textual
    takes them for that, or leaves out the ESC, or makes of ESC and a digit what a Mac writes with them: "∞" of 5.
    Terminals that tell Alt by its name are still understood.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[events.Key]:
        if len(sequence) == 2 and isinstance(ANSI_SEQUENCES_KEYS.get(sequence), str):
            alt, sequence = True, sequence[1]
        if alt:
            yield events.Key("escape", "\x1b")
        yield from super()._sequence_to_key_events(sequence)


def take_escape_apart(driver: ModuleType) -> None:
    """Have a module with one of Textual's drivers read ESC and a key behind it as two keys."""
    vars(driver)["XTermParser"] = _EscapeApart


class TypingAhead:
    """Holds keys back while the one before them is on its way; ``hand_on`` is what the app does with a key."""

    def __init__(self, app: App[Any], hand_on: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._held: deque[Typed] = deque()
        self._handed_on_at: float | None = None  # as events have it; None while no key is on its way
        self._number = 0

    async def take(self, event: Typed) -> None:
        """Hand a key on as soon as all before it have done what they do."""
        self._held.append(event)
        if self._handed_on_at is None or event.time - self._handed_on_at > PATIENCE_SECONDS:
            await self._next()

    async def _next(self) -> None:
        if not self._held:
            self._handed_on_at = None
            return
        event = self._held.popleft()
        self._handed_on_at = event.time
        self._number += 1
        screen = self._app.screen
        begin = self._app.focused or screen
        await self._hand_on(event)
        await self._follow(self._number, [*begin.ancestors_with_self], screen)

    async def _follow(self, number: int, nodes: list[MessagePump], screen: MessagePump) -> None:
        """Go behind a key through the queues of all that it passes, then of a screen that it has opened."""
        if number != self._number:
            return
        while nodes:
            if nodes.pop(0).call_later(self._follow, number, nodes, screen):
                return
        if self._app.screen is not screen:
            now = self._app.screen
            await self._follow(number, [now, self._app], now)
        else:
            await self._next()
