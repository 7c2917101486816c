"""Which mappings this scheduler serves: the snapshot it works by, and whose turn it is on a queue with several."""

import threading
from collections import defaultdict

import msgspec

from karin.mapping.filters import Filters, compile_filters
from karin.mapping.model import DEFAULT_TIMEOUT_SECONDS, Mapping, Snapshot
from karin.sqs.names import QueueId

CALL_MARGIN_MS = 15_000  # beyond the function's timeout: a cold start takes up to 10 s, and the call has its way
WINDOW_MARGIN_MS = 30_000  # that AWS adds when a window makes the visibility timeout too short


class Service(msgspec.Struct, frozen=True):
    """A mapping as it is served: its filters compiled, and what its function's timeout means for a call."""

    mapping: Mapping
    filters: Filters
    timeout_seconds: int

    @property
    def longest_call_ms(self) -> int:
        """Return after how long a call has surely ended, whether its answer came or not."""
        return self.timeout_seconds * 1000 + CALL_MARGIN_MS

    @property
    def window_ms(self) -> int:
        """Return how long a batch may fill; FIFO queues have no window."""
        return 0 if self.mapping.queue.is_fifo else self.mapping.window_seconds * 1000

    def retry_after_ms(self, visibility_ms: int) -> int:
        """Return how long after its claim a message that failed comes again, given its queue's visibility timeout.

        With a window Lambda hides messages for window + timeout + 30 s if the timeout alone is too short for that
        (developer guide, "Using Lambda with Amazon SQS"). Here the window is over when messages are claimed.
        """
        timeout_ms = self.timeout_seconds * 1000
        if self.window_ms and self.window_ms + timeout_ms > visibility_ms:
            return max(visibility_ms, timeout_ms + WINDOW_MARGIN_MS)
        return visibility_ms


class Served:
    """The current snapshot by queue; replaced as a whole, read from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._by_queue: dict[QueueId, tuple[Service, ...]] = {}
        self._turns: defaultdict[QueueId, int] = defaultdict(int)

    @property
    def has_snapshot(self) -> bool:
        """Tell whether there ever was a sync."""
        return self._snapshot is not None

    def replace(self, snapshot: Snapshot) -> set[QueueId]:
        """Serve a new snapshot; return the queues that are no longer served."""
        by_queue: defaultdict[QueueId, tuple[Service, ...]] = defaultdict(tuple)
        for mapping in snapshot.mappings:
            if mapping.is_served:
                function = snapshot.function_of(mapping)
                timeout_seconds = function.timeout_seconds if function else DEFAULT_TIMEOUT_SECONDS
                by_queue[mapping.queue] += (Service(mapping, compile_filters(mapping.filters), timeout_seconds),)
        with self._lock:
            gone = set(self._by_queue) - set(by_queue)
            self._snapshot, self._by_queue = snapshot, dict(by_queue)
        return gone

    def queues(self) -> list[QueueId]:
        """Return the queues that are served."""
        with self._lock:
            return list(self._by_queue)

    def mappings(self) -> list[Mapping]:
        """Return the mappings that are served."""
        with self._lock:
            return [service.mapping for services in self._by_queue.values() for service in services]

    def is_only_one(self) -> bool:
        """Tell whether there is at most one queue that is served."""
        with self._lock:
            return len(self._by_queue) <= 1

    def serves(self, queue: QueueId) -> bool:
        """Tell whether a queue has a mapping."""
        with self._lock:
            return queue in self._by_queue

    def in_turn(self, queue: QueueId) -> tuple[Service, ...]:
        """Return the services of a queue, first the one whose turn it is.

        Several mappings compete, and each message goes to one of them.
        """
        with self._lock:
            services = self._by_queue.get(queue, ())
            if len(services) <= 1:
                return services
            turn = self._turns[queue] % len(services)
            self._turns[queue] = turn + 1
            return services[turn:] + services[:turn]
