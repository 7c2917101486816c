"""A source and actions that a test drives by hand, and frozen data for them."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.message import Message

from karin.mapping.model import Mapping, Snapshot
from karin.operations.status import Status
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.queues import QueueState
from karin.tui.activity import Activity, Kind, Phase
from karin.tui.app import KarinApp
from karin.tui.messages import ActivityChanged, StatusRead, StoreLost
from karin.tui.source import Post
from tests.clocks import ManualClock

NOW_MS = 1_700_000_000_000
ACCOUNT = "000000000000"
SIZES = [(80, 24), (160, 48)]


class FakeSource:
    """Posts what a test tells it to."""

    def __init__(self) -> None:
        self.post: Post | None = None
        self.is_stopped = False

    def start(self, post: Post) -> None:
        self.post = post

    def read_again(self) -> None:
        pass

    def stop(self) -> None:
        self.is_stopped = True

    def tell(self, message: Message) -> None:
        assert self.post
        self.post(message)


class FakeActions:
    """Remembers what was wanted."""

    def __init__(self) -> None:
        self.wanted: list[Any] = []
        self.posts: list[Post] = []

    def send(self, queue: QueueId, send: Send, post: Post) -> None:
        self.posts.append(post)
        self.wanted.append(("send", queue.name, send.body, send.delay_seconds))

    def purge(self, queue: QueueId, post: Post) -> None:
        self.posts.append(post)
        self.wanted.append(("purge", queue.name))

    def sync(self, post: Post) -> None:
        self.posts.append(post)
        self.wanted.append(("sync",))


class Desk:
    """An app over fakes, and the words a test speaks to it."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW_MS)
        self.source = FakeSource()
        self.actions = FakeActions()
        self.app = KarinApp(
            self.source, self.actions, self.clock, store_title="embedded", endpoint_url="http://127.0.0.1:4000"
        )

    async def reads(self, status: Status) -> None:
        self.source.tell(StatusRead(status))
        await self.until(lambda: self.app.status == status, "the status arrived")

    async def loses(self, reason: str) -> None:
        self.source.tell(StoreLost(reason))
        await self.until(lambda: self.app.problem == reason, "the loss arrived")

    async def hears(self, kind: Kind, phase: Phase, text: str, *lines: str) -> None:
        activity = Activity(kind, phase, text, self.clock.now_ms(), lines)
        self.source.tell(ActivityChanged(activity))
        await self.until(lambda: self.app.news == activity, "the news arrived")

    async def shows(self, text: str) -> None:
        await self.until(lambda: text in self.screen(), f"{text!r} is on the screen", self.screen)

    async def hides(self, text: str) -> None:
        await self.until(lambda: text not in self.screen(), f"{text!r} is gone from the screen", self.screen)

    def screen(self) -> str:
        """Return what a person sees, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def until(self, holds: Callable[[], object], description: str, seen: Callable[[], str] = str) -> None:
        """Let the app's loop turn until something holds."""
        try:
            async with asyncio.timeout(5):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"still not: {description}\n{seen()}") from None


def queue_state(
    name: str, *, ready: int = 0, delayed: int = 0, leased: int = 0, due_in_ms: int | None = None
) -> QueueState:
    return QueueState(
        queue=QueueId(ACCOUNT, name),
        attributes={"DelaySeconds": "0"},
        tags={},
        created_at_ms=NOW_MS,
        modified_at_ms=NOW_MS,
        ready=ready,
        leased=leased,
        delayed=delayed,
        next_due_at_ms=None if due_in_ms is None else NOW_MS + due_in_ms,
    )


def mapping(queue: str, function: str, **others: Any) -> Mapping:
    return Mapping(
        uuid=f"{queue}-{function}",
        queue_arn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}",
        function_arn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}",
        **others,
    )


def status_of(*queues: QueueState, mappings: tuple[Mapping, ...] | None = None, alive: int = 1) -> Status:
    snapshot = None if mappings is None else Snapshot(NOW_MS, ACCOUNT, "us-east-1", mappings=mappings)
    return Status(NOW_MS, alive, queues, snapshot)


EMPTY = status_of()
BUSY = status_of(
    queue_state("mail", delayed=2, due_in_ms=240_000),
    queue_state("orders", ready=3, leased=1, due_in_ms=-2_000),
    queue_state("reports"),
    mappings=(
        mapping("mail", "sendMail", batch_size=100),
        mapping("orders", "handleOrder"),
        mapping("reports", "report", state="Enabled"),
    ),
)
