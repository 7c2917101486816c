"""All messages of the terminal UI: what the threads report, and what a person wants done."""

from textual.message import Message

from karin.operations.status import Status
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.tui.activity import Activity


class StatusRead(Message):
    """The store was read."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self.status = status


class StoreLost(Message):
    """The store cannot be read just now; what was read last stands."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class ActivityChanged(Message):
    """A deed began or has an outcome."""

    def __init__(self, activity: Activity) -> None:
        super().__init__()
        self.activity = activity


class ThreadBroke(Message):
    """A thread met a fault of our own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class SendWanted(Message):
    """Send a message to a queue."""

    def __init__(self, queue: QueueId, send: Send) -> None:
        super().__init__()
        self.queue = queue
        self.send = send


class PurgeWanted(Message):
    """Delete all messages of a queue; the person has confirmed it."""

    def __init__(self, queue: QueueId) -> None:
        super().__init__()
        self.queue = queue


class SyncWanted(Message):
    """Read the mappings from AWS anew."""


class FilterChanged(Message):
    """Show only what contains a text; empty shows all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class RowsShown(Message):
    """A table shows another number of rows."""


class FilterClosed(Message):
    """The person is done typing the filter."""
