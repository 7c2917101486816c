"""Having things done: each deed runs in a thread of its own and posts how far it is. It knows no widget."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec.structs import replace
from textual.message import Message

from karin.sqs.errors import SqsError
from karin.store.connection import StoreUnavailable
from karin.tui.actions.action import Action, DeedFailed, Means
from karin.tui.activity import Activity, Phase
from karin.tui.messages import ActivityChanged, Examined, ThreadBroke
from karin.tui.reading.examining import examine
from karin.tui.views.listing import Subject
from karin.tui.world import Examination, World

Post = Callable[[Message], object]


class Worker(Protocol):
    """What the terminal UI can have done; how far it is, is posted from any thread."""

    def begin(self, action: Action, subject: Subject, answers: Mapping[str, str], world: World, post: Post) -> None:
        """Begin a deed; posts ActivityChanged."""
        ...

    def examine(self, post: Post) -> None:
        """Let the doctor look; posts Examined."""
        ...


class ThreadWorker:
    """Does deeds on a real karin; ``when_done`` hears that there is something new to read."""

    def __init__(self, means: Means, when_done: Callable[[], None]) -> None:
        self._means = means
        self._when_done = when_done

    def begin(self, action: Action, subject: Subject, answers: Mapping[str, str], world: World, post: Post) -> None:
        """Begin a deed."""
        begun = Activity(action.name, Phase.RUNNING, action.begin(subject), self._now_ms())
        post(ActivityChanged(begun))

        def run() -> None:
            try:
                done = action.do(self._means, subject, answers, world)
            except (DeedFailed, SqsError, StoreUnavailable) as error:
                post(ActivityChanged(replace(begun, phase=Phase.FAILED, text=str(error))))
            else:
                self._when_done()
                post(ActivityChanged(replace(begun, phase=Phase.DONE, text=done.text, lines=done.lines)))

        self._start(run, action.name, post)

    def examine(self, post: Post) -> None:
        """Let the doctor look."""
        begun_at_ms = self._now_ms()
        post(Examined(Examination(is_running=True, begun_at_ms=begun_at_ms)))
        self._start(lambda: post(Examined(examine(self._means.karin, begun_at_ms))), "doctor", post)

    def _now_ms(self) -> int:
        return self._means.context.clock.now_ms()

    def _start(self, run: Callable[[], object], name: str, post: Post) -> None:
        def run_or_tell() -> None:
            try:
                run()
            except Exception as error:
                post(ThreadBroke(error))
                raise

        # A daemon: a request that takes its time must not keep the person from leaving.
        threading.Thread(target=run_or_tell, name=name, daemon=True).start()
