"""What a person may do here: each deed runs in a thread of its own and posts how far it is. It knows no widget."""

import threading
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from karin.operations import queues, sending, syncing, wording
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.sqs.errors import SqsError
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.connection import StoreUnavailable
from karin.tui.activity import Activity, Kind, Phase
from karin.tui.messages import ActivityChanged, ThreadBroke
from karin.tui.source import Post

SENDER = Sender("karin-tui")


class Actions(Protocol):
    """What the terminal UI can have done; outcomes are posted as ActivityChanged."""

    def send(self, queue: QueueId, send: Send, post: Post) -> None:
        """Send a message."""
        ...

    def purge(self, queue: QueueId, post: Post) -> None:
        """Delete all messages of a queue."""
        ...

    def sync(self, post: Post) -> None:
        """Read the mappings from AWS anew."""
        ...


class DeedFailed(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A deed could not be done; the message is one line that says why."""


Deed = Callable[[], tuple[str, list[str]]]
"""Does it and returns one line about it and the details; raises DeedFailed, SqsError, StoreUnavailable."""


class StoreActions:
    """Does them on a real store; ``when_done`` hears that there is something new to read."""

    def __init__(self, context: Context, when_done: Callable[[], None]) -> None:
        self._context = context
        self._when_done = when_done

    def send(self, queue: QueueId, send: Send, post: Post) -> None:
        """Send a message."""

        def deed() -> tuple[str, list[str]]:
            sent = sending.send_message(self._context, queue, send, SENDER)
            return wording.sent(sent.message_id, queue, send.delay_seconds), []

        self._begin(Kind.SEND, f"sending to {queue.name}", deed, post)

    def purge(self, queue: QueueId, post: Post) -> None:
        """Delete all messages of a queue."""

        def deed() -> tuple[str, list[str]]:
            return wording.purged(queues.purge_queue(self._context, queue), queue), []

        self._begin(Kind.PURGE, f"deleting the messages of {queue.name}", deed, post)

    def sync(self, post: Post) -> None:
        """Read the mappings from AWS; boto3 is loaded by the first sync and costs nothing before."""

        def deed() -> tuple[str, list[str]]:
            from karin.aws.catalog import AwsCatalog, CatalogUnavailable  # noqa: PLC0415 - 40 MB, for this key alone

            try:
                report = syncing.sync(self._context, AwsCatalog(), thoroughly=True)
            except CatalogUnavailable as error:
                raise DeedFailed(str(error)) from error
            return wording.sync_title(report), wording.sync_lines(report)

        self._begin(Kind.SYNC, f"reading functions and mappings from AWS in {self._context.region}", deed, post)

    def _begin(self, kind: Kind, text: str, deed: Deed, post: Post) -> None:
        begun = Activity(kind, Phase.RUNNING, text, self._context.clock.now_ms())
        post(ActivityChanged(begun))
        # A daemon: a request that takes its time must not keep the person from leaving.
        threading.Thread(target=self._run, args=(begun, deed, post), name=kind.value, daemon=True).start()

    def _run(self, begun: Activity, deed: Deed, post: Post) -> None:
        try:
            text, lines = deed()
        except (DeedFailed, SqsError, StoreUnavailable) as error:
            post(ActivityChanged(replace(begun, phase=Phase.FAILED, text=str(error))))
        except Exception as error:
            post(ThreadBroke(error))
            raise
        else:
            self._when_done()
            post(ActivityChanged(replace(begun, phase=Phase.DONE, text=text, lines=tuple(lines))))
