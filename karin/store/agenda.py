"""What is due in all queues together, soonest first, and how much of it within the next minute, hour and day."""

from collections.abc import Sequence

import msgspec

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.ids import read_id
from karin.store.scripts import Scripts

SPANS_MS = (0, 60_000, 3_600_000, 86_400_000)
"""The ends of the spans that are counted: until now, within a minute, an hour, a day; the last span has no end."""


class DueEntry(msgspec.Struct, frozen=True):
    """Something that may next be received at an instant: a message, or the head of a message group.

    What is in flight stands here with the end of its lease. ``message_id`` is None for a group, whose head is not told;
    ``group`` is None without one.
    """

    queue: QueueId
    due_at_ms: int
    message_id: str | None
    group: str | None = None


class Agenda(msgspec.Struct, frozen=True):
    """``counts`` has for each queue how many entries are due in each span, the one without end included.

    ``entries`` are the soonest of all queues. A group counts once, however many messages it has.
    """

    at_ms: int
    counts: dict[QueueId, tuple[int, ...]]
    entries: tuple[DueEntry, ...]


class AgendaCommands:
    """Looks at what is due; a method may raise StoreUnavailable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def read(self, queues: Sequence[QueueId], now_ms: int, most: int = 100) -> Agenda:
        """Return what is due in queues, the ``most`` entries that are due first.

        One command for all of them, on a cluster for each.
        """
        counts: dict[QueueId, tuple[int, ...]] = {}
        entries: list[DueEntry] = []
        for some in self._scripts.together(queues):
            ends = [now_ms + span_ms for span_ms in SPANS_MS]
            _, reply = self._scripts.call("agenda", [keys.due(queue) for queue in some], [most, *ends])
            told = reply[len(some) :]
            counts |= {queue: tuple(spans) for queue, spans in zip(some, reply[: len(some)], strict=True)}
            entries += (
                _entry(some[place - 1], member, at_ms)
                for place, member, at_ms in zip(told[::3], told[1::3], told[2::3], strict=True)
            )
        entries.sort(key=lambda entry: entry.due_at_ms)
        return Agenda(now_ms, counts, tuple(entries[:most]))


def _entry(queue: QueueId, member: bytes, due_at_ms: int) -> DueEntry:
    if member.endswith(b"\0"):
        return DueEntry(queue, due_at_ms, None, member[:-1].decode(errors="replace"))
    return DueEntry(queue, due_at_ms, read_id(member))
