"""Whose round is next when there are more queues than threads, and how many threads one queue may have.

A function may run for a quarter of an hour, so a queue that took every thread would keep the others waiting for as
long. The rule is that of shared switch buffers (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory
Packet Switches", 1998): a queue may take another thread while it has fewer than SHARE times those that are idle. One
flooded queue so gets three quarters of all threads, two get three sevenths each, and some are left for others.

A round begins with a claim, and a queue has one claim under way at a time: its reply tells whether there is more. Many
threads that claim from one queue only wait for each other, and at its end all but one find nothing.
"""

from collections import Counter

from karin.sqs.names import QueueId

SHARE = 3


class Line:
    """Queues that wait for a round, each once, and those that have some. Not to be shared without a lock."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._waiting: dict[QueueId, int | None] = {}  # in order of arrival
        self._running: Counter[QueueId] = Counter()
        self._claiming: set[QueueId] = set()
        self.running = 0  # rounds

    def join(self, queue: QueueId, due_at_ms: int | None) -> None:
        """Wait for a round; ``due_at_ms`` is when the queue was due, if that is known. The earliest is kept."""
        known = (self._waiting.get(queue), due_at_ms)
        self._waiting[queue] = min((at_ms for at_ms in known if at_ms is not None), default=None)

    def next(self, *, is_only_one: bool) -> tuple[QueueId, int | None] | None:
        """Begin the next round: return its queue and when that was due; None when none may begin now.

        ``is_only_one`` tells that no other queue could want a thread. ``claimed`` must follow, and ``leave``.
        """
        for queue in self._waiting:
            if self._may_begin(queue, is_only_one=is_only_one):
                self.running += 1
                self._running[queue] += 1
                self._claiming.add(queue)
                return queue, self._waiting.pop(queue)
        return None

    def claimed(self, queue: QueueId) -> None:
        """End a round's claim, whatever came of it: the queue's next round may begin."""
        self._claiming.discard(queue)

    def leave(self, queue: QueueId) -> None:
        """End a round."""
        self.running -= 1
        self._running[queue] -= 1
        if not self._running[queue]:
            del self._running[queue]

    def _may_begin(self, queue: QueueId, *, is_only_one: bool) -> bool:
        idle = self._threads - self.running
        if not idle or queue in self._claiming:
            return False
        own = self._running[queue]
        return not own or is_only_one or (idle > 1 and own < SHARE * idle)
