"""The last calls of functions: what was read is not read again, since records are large and told of again and again."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from karin.mapping.invocation import Invocation
from karin.sqs.names import QueueId
from karin.store.inspect import QUEUES_AT_ONCE, Views

MOST_CALLS = 100
FEWEST_OF_QUEUE = 20  # however many queues there are
MOST_BYTES = 1024 * 1024  # of the events and logs that are kept: those of one call may have 40 kB


class CallTail:
    """The last calls of all queues."""

    def __init__(self, views: Views) -> None:
        """Nothing is read yet."""
        self._views = views
        self._newest: Mapping[QueueId, str] = {}
        self._calls: tuple[Invocation, ...] = ()

    def read(self, queues: Sequence[QueueId]) -> tuple[tuple[Invocation, ...], int]:
        """Return the last MOST_CALLS calls, newest first, fewer when they are large, and how many commands it took."""
        known = {queue: self._newest.get(queue, "") for queue in queues}
        recent = self._views.recent_invocations(known, most=_most_of_each(len(queues)))
        new = [one for of_queue in recent.values() for one in of_queue.invocations]
        kept = [one for one in self._calls if one.queue in recent and recent[one.queue].is_continued]
        if new or len(kept) != len(self._calls):
            self._calls = _last([*new, *kept])
        self._newest = {
            queue: of_queue.invocations[0].id if of_queue.invocations else self._newest.get(queue, "")
            for queue, of_queue in recent.items()
        }
        return self._calls, -(-len(queues) // QUEUES_AT_ONCE)


def _most_of_each(queues: int) -> int:
    """Return of how many calls of each queue a first look is made: twice its share, for some queues are busier."""
    return min(MOST_CALLS, max(FEWEST_OF_QUEUE, 2 * MOST_CALLS // max(1, queues)))


def _last(calls: Sequence[Invocation]) -> tuple[Invocation, ...]:
    distinct = {one.id: one for one in calls}  # a settlement that was sent twice is recorded twice
    newest = sorted(distinct.values(), key=lambda one: one.started_at_ms, reverse=True)[:MOST_CALLS]
    sizes = accumulate(len(one.compressed_event) + len(one.log_tail) for one in newest)
    return tuple(newest[: sum(size <= MOST_BYTES for size in sizes)])
