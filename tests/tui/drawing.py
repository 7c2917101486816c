"""Drawing what karin-tui shows in each state: the pictures in tests/tui/snapshots. As a program it renews them all."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TextArea

from karin.tui.activity import Phase
from karin.tui.views.all import VIEW_NAMES
from karin.tui.world import Examination, World
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk
from tests.tui.pictures import lines_of, picture

FOLDER = Path(__file__).with_name("snapshots")
VERSIONS = {"karin": "1.2.3", "Python": "3.11.9", "Textual": "8.2.8"}
LOST = "the store does not serve: Error 111 connecting to 127.0.0.1:6379. Connection refused."
LOST_SECONDS = 45

Pictures = dict[str, str]
"""SVG by what it shows."""


class Scene(NamedTuple):
    """What is read before all views are looked at; ``queue`` when ``world`` has messages to look at instead."""

    name: str
    world: World
    examination: Examination | None = None
    with_queue: World | None = None
    lost: str = ""


SCENES = (
    Scene("empty", scenes.EMPTY, scenes.HEALTHY, scenes.EMPTY_QUEUE),
    Scene("busy", scenes.BUSY, scenes.HEALTHY),
    Scene("failing", scenes.FAILING, scenes.FOUND),
    Scene("disconnected", scenes.BUSY, scenes.FOUND, lost=LOST),
)


class Easel:
    """A desk that is looked at, and the pictures made of it."""

    def __init__(self, desk: Desk, pilot: Pilot[None]) -> None:
        self.desk = desk
        self.pilot = pilot
        self.pictures: Pictures = {}

    async def draw(self, name: str, *keys: str, until: str = "") -> None:
        """Press keys, wait until a text is seen and all is at rest, and make a picture."""
        await self.pilot.press(*keys)
        if until:
            await self.desk.shows(until)
        self.pictures[name] = picture(self.desk.app, await self._at_rest(), f"karin-tui: {name}")

    async def _at_rest(self) -> list[Strip]:
        """Return what is seen once nothing changes any more."""
        for field in self.desk.app.screen.query(Input):
            field.cursor_blink = False
        for area in self.desk.app.screen.query(TextArea):
            area.cursor_blink = False
        before, now = None, lines_of(self.desk.app)
        while before != now:
            await self.pilot.pause()
            before, now = now, lines_of(self.desk.app)
        return now


@asynccontextmanager
async def _easel(world: World, size: tuple[int, int]) -> AsyncIterator[Easel]:
    with _same_everywhere():
        desk = Desk()
        async with desk.app.run_test(size=size) as pilot:
            await desk.reads(world)
            yield Easel(desk, pilot)


@contextmanager
def _same_everywhere() -> Iterator[None]:
    """Leave out of pictures where they are made: versions, and whether a person has colours."""
    with patch("karin.tui.views.vitals.versions", lambda: VERSIONS), patch.dict(os.environ):  # noqa: TID251
        os.environ.pop("NO_COLOR", None)  # noqa: TID251 - Textual reads it by itself
        yield


async def views(scene: Scene, size: tuple[int, int]) -> Pictures:
    """Draw every view of a scene."""
    async with _easel(scene.world, size) as easel:
        if scene.examination:
            await easel.desk.examines(scene.examination)
        if scene.lost:
            easel.desk.clock.advance(seconds=LOST_SECONDS)
            await easel.desk.loses(scene.lost)
        for number, name in enumerate(VIEW_NAMES, 1):
            await easel.draw(name, str(number))
        if scene.with_queue:
            await easel.desk.reads(scene.with_queue)
        await easel.draw("messages", "1", *_to_orders(easel.desk), "enter", until="›")
        return easel.pictures


def _to_orders(desk: Desk) -> list[str]:
    """Return the keys that lead to the queue ``orders`` from the first one."""
    status = desk.app.world.status
    assert status
    return ["g", *"j" * [state.queue for state in status.queues].index(scenes.ORDERS)]


async def dialogs(size: tuple[int, int]) -> Pictures:
    """Draw what opens over the list of queues."""
    async with _easel(scenes.FAILING, size) as easel:
        desk = easel.desk
        await easel.draw("help", "question_mark", until="esc closes")
        await easel.draw("palette", "escape", "colon", until="Queue mail")
        await easel.draw("palette search", *"ord", until="Queue orders")
        await easel.draw("purge", "escape", "escape", *_to_orders(desk), "p", until="for good")
        await easel.draw("purge refused", *"order", "enter", until="That is not 'orders'")
        await easel.draw("send", "escape", "n", until="Send to orders")
        await easel.draw("redrive", "escape", "j", "r", until="Redrive orders-dead")
        await easel.draw("sync running", "escape", "s", until="~ sync")
        await desk.hears("sync", Phase.DONE, "4 functions, 4 mappings in us-east-1", *SYNCED)
        await easel.draw("sync done")
        await desk.hears("sync", Phase.FAILED, f"Unable to locate credentials. {KEPT}")
        await easel.draw("sync failed")
        await easel.draw("notice", "escape", until="x sync failed")
        await easel.draw("filter", "slash", *"ord", until="/ord")
        await easel.draw("filter without a match", *"zzz", until="nothing matches")
        await easel.draw("sorted and frozen", "escape", "o", "o", "O", "space", until="frozen")
        return easel.pictures


async def details(size: tuple[int, int]) -> Pictures:
    """Draw what opens on one thing, and what is asked there."""
    async with _easel(scenes.BUSY, size) as easel:
        await easel.draw("message", "1", *_to_orders(easel.desk), "enter", "g", "enter", until="AKIAEXAMPLE")
        await easel.draw("message reschedule", "t", until="Reschedule")
        await easel.draw("message delete", "escape", "d", until="Delete message")
        await easel.draw("mapping", "escape", "escape", "2", "j", "enter", until="up to 10 messages")
        await easel.draw("mapping pause", "z", until="Pause orders")
        await easel.draw("function", "escape", "escape", "3", "enter", until="anyone may call it")
        await easel.desk.reads(scenes.FAILING)
        await easel.draw("invocation", "escape", "4", "g", "enter", until="START")
        await easel.draw("raw", "Y", until="eventSource")
        await easel.desk.examines(scenes.FOUND)
        await easel.draw("finding", "escape", "escape", "7", "j", "enter", until="why it matters")
        return easel.pictures


SYNCED = (
    "new: orders -> handleOrder:live",
    "changed: mail -> sendMail: batch size 10 -> 100",
    "gone: old-mail -> sendMail",
    "new queue: orders-dead",
    "warning: mapping reports -> reportOfTheDay: AWS polls it too: deploy it with enabled: false",
)
KEPT = "The mappings stay as they were."

Draw = Callable[[], Coroutine[None, None, Pictures]]


def _drawings() -> Iterator[tuple[str, Draw]]:
    for size in SIZES:
        name = "x".join(map(str, size))
        for scene in SCENES:
            yield f"{scene.name}-{name}", partial(views, scene, size)
        yield f"dialogs-{name}", partial(dialogs, size)
        yield f"details-{name}", partial(details, size)


DRAWINGS: dict[str, Draw] = dict(_drawings())
"""Each draws the pictures of one folder."""


def path_of(drawing: str, name: str) -> Path:
    """Return where a picture is kept."""
    return FOLDER / drawing / f"{name.replace(' ', '-')}.svg"


def renew() -> None:
    """Draw all pictures anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for drawing, draw in DRAWINGS.items():
        (FOLDER / drawing).mkdir(parents=True)
        for name, svg in asyncio.run(draw()).items():
            path_of(drawing, name).write_text(svg, encoding="utf-8")
    print(f"{len(list(FOLDER.rglob('*.svg')))} pictures in {FOLDER}")


if __name__ == "__main__":
    renew()
