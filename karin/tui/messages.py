"""All messages of the terminal UI: what the threads report, and what widgets tell of what was typed."""

from textual.message import Message

from karin.tui.activity import Activity
from karin.tui.world import Examination, World


class WorldRead(Message):
    """Something was read anew. Whoever shows it says that it is taken: until then nothing more is read."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.is_taken = False


class StoreLost(Message):
    """The store cannot be read just now; what was read last stands."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Examined(Message):
    """The doctor began to look, or has found something."""

    def __init__(self, examination: Examination) -> None:
        super().__init__()
        self.examination = examination


class ActivityChanged(Message):
    """An action began or has an outcome."""

    def __init__(self, activity: Activity) -> None:
        super().__init__()
        self.activity = activity


class ThreadBroke(Message):
    """A thread met a fault of our own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class FilterChanged(Message):
    """Show only what contains a text; empty shows all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class FilterClosed(Message):
    """The person is done typing the filter."""
