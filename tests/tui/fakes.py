"""A source and a worker that a test drives by hand, and a desk with the app over them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, tzinfo
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message import Message
from textual.pilot import Pilot

from karin.operations.status import Status
from karin.tui.actions import ACTIONS
from karin.tui.actions.action import Action
from karin.tui.activity import Activity, Phase
from karin.tui.app import KarinApp
from karin.tui.messages import ActivityChanged, Examined, StoreLost, WorldRead
from karin.tui.reading.interest import Interest
from karin.tui.reading.source import Post
from karin.tui.views.all import all_views
from karin.tui.views.listing import Subject
from karin.tui.world import Examination, World
from tests.clocks import ManualClock
from tests.tui.worlds import NOW_MS

SIZES = [(80, 24), (160, 48)]


class FakeSource:
    """Posts what a test tells it to, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.post: Post | None = None
        self.interests: list[Interest] = []
        self.is_attended = True
        self.is_frozen = False
        self.readings = 0
        self.is_stopped = False

    def start(self, interest: Interest, post: Post) -> None:
        self.interests.append(interest)
        self.post = post

    def look_at(self, interest: Interest) -> None:
        self.interests.append(interest)

    def attend(self, is_attended: bool) -> None:
        self.is_attended = is_attended

    def freeze(self, is_frozen: bool) -> None:
        self.is_frozen = is_frozen

    def read_again(self) -> None:
        self.readings += 1

    def stop(self) -> None:
        self.is_stopped = True

    def tell(self, message: Message) -> None:
        assert self.post
        self.post(message)


class FakeWorker:
    """Remembers what was wanted."""

    def __init__(self) -> None:
        self.wanted: list[tuple[str, Subject, dict[str, str]]] = []
        self.examinations = 0

    def begin(self, action: Action, subject: Subject, answers: Mapping[str, str], world: World, post: Post) -> None:
        del world, post
        self.wanted.append((action.name, subject, dict(answers)))

    def examine(self, post: Post) -> None:
        self.examinations += 1
        post(Examined(Examination(is_running=True, begun_at_ms=NOW_MS)))

    @property
    def names(self) -> list[str]:
        """Return the actions that were wanted."""
        return [name for name, _, _ in self.wanted]


class Desk:
    """An app over fakes, and the words a test speaks to it."""

    def __init__(self, *, zone: tzinfo = UTC, readonly: bool = False) -> None:
        self.clock = ManualClock(NOW_MS)
        self.source = FakeSource()
        self.worker = FakeWorker()
        store_title, endpoint_url = "embedded", "http://127.0.0.1:4000"
        self.app = KarinApp(
            self.source,
            self.worker,
            self.clock,
            all_views(store_title=store_title, endpoint_url=endpoint_url),
            ACTIONS,
            zone=zone,
            store_title=store_title,
            endpoint_url=endpoint_url,
            readonly=readonly,
        )

    async def reads(self, seen: Status | World) -> None:
        world = seen if isinstance(seen, World) else replace(self.app.world, status=seen)
        self.source.tell(WorldRead(world))

        def arrived() -> bool:
            return self.app.world == replace(world, examination=self.app.world.examination) and not self.app.problem

        await until(arrived, "the world arrived")

    async def examines(self, examination: Examination) -> None:
        self.source.tell(Examined(examination))
        await until(lambda: self.app.world.examination == examination, "the findings arrived")

    async def loses(self, reason: str) -> None:
        self.source.tell(StoreLost(reason))
        await until(lambda: self.app.problem == reason, "the loss arrived")

    async def hears(self, name: str, phase: Phase, text: str, *lines: str) -> None:
        news = self.news(name, phase, text, *lines)
        self.source.tell(news)
        await until(lambda: self.app.activity == news.activity, "the news arrived")

    def news(self, name: str, phase: Phase, text: str, *lines: str) -> ActivityChanged:
        return ActivityChanged(Activity(name, phase, text, self.clock.now_ms(), lines))

    async def back_at_a_view(self, pilot: Pilot[None]) -> None:
        """Close whatever is open over the views."""
        while len(self.app.screen_stack) > 1:
            await pilot.press("escape")

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.screen(), f"{text!r} is on the screen", self.screen)

    async def hides(self, text: str) -> None:
        await until(lambda: text not in self.screen(), f"{text!r} is gone from the screen", self.screen)

    def screen(self) -> str:
        """Return what a person sees, line by line, screens that lie below a dialog included."""
        visible_screen_stack.set(self.app._background_screens)
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)


async def until(holds: Callable[[], object], description: str, seen: Callable[[], str] = str) -> None:
    """Let the loop of an app turn until something holds."""
    try:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"still not: {description}\n{seen()}") from None


Span = tuple[int, int, int]
"""A line, and the cells that are drawn of it, the last one excluded."""


_render_update = Compositor.render_update
_parse_rules = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


@contextmanager
def drawn_when_looked_at() -> Iterator[None]:
    """Draw nothing but what a test looks at, parse each stylesheet once, and collect no garbage between two keys.

    Without a terminal nobody sees the frames, which are nearly half of the work of an app.
    """

    def render_update(self: Compositor, full: bool = False, *arguments: Any, **named: Any) -> Any:
        if full:
            return _render_update(self, full, *arguments, **named)
        self._dirty_regions.clear()
        return None

    def parse_rules(self: Stylesheet, *arguments: Any, **named: Any) -> list[RuleSet]:
        key = (*arguments, *sorted(named.items()), frozenset(self._variables.items()))
        if key not in _parsed:
            _parsed[key] = _parse_rules(self, *arguments, **named)
        return _parsed[key]

    with (
        patch.object(Compositor, "render_update", render_update),
        patch.object(Stylesheet, "_parse_rules", parse_rules),
        patch("karin.tui.app.free_closed_screens"),
    ):
        yield


@contextmanager
def drawing(app: App[Any]) -> Iterator[list[Span]]:
    """Collect what is drawn meanwhile; a whole screen is its lines from end to end."""
    drawn: list[Span] = []

    def display(screen: object, update: Any) -> None:
        del screen
        if update is not None:
            width, height = app.size
            drawn.extend(getattr(update, "spans", [(y, 0, width) for y in range(height)]))

    with patch.object(app, "_display", display), patch.object(Compositor, "render_update", _render_update):
        yield drawn
