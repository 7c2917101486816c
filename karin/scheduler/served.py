"""Which mappings this scheduler serves: the snapshot it works by, and whose turn it is on a queue with several."""

import threading
from collections import defaultdict

from karin.mapping.model import DEFAULT_TIMEOUT_SECONDS, Mapping, Snapshot
from karin.sqs.names import QueueId


class Served:
    """The current snapshot by queue; replaced as a whole, read from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._by_queue: dict[QueueId, tuple[Mapping, ...]] = {}
        self._turns: defaultdict[QueueId, int] = defaultdict(int)

    @property
    def has_snapshot(self) -> bool:
        """Tell whether there ever was a sync."""
        return self._snapshot is not None

    def replace(self, snapshot: Snapshot) -> set[QueueId]:
        """Serve a new snapshot; return the queues that are no longer served."""
        by_queue: defaultdict[QueueId, tuple[Mapping, ...]] = defaultdict(tuple)
        for mapping in snapshot.mappings:
            if mapping.is_served:
                by_queue[mapping.queue] += (mapping,)
        with self._lock:
            gone = set(self._by_queue) - set(by_queue)
            self._snapshot, self._by_queue = snapshot, dict(by_queue)
        return gone

    def queues(self) -> list[QueueId]:
        """Return the queues that are served."""
        with self._lock:
            return list(self._by_queue)

    def serves(self, queue: QueueId) -> bool:
        """Tell whether a queue has a mapping."""
        with self._lock:
            return queue in self._by_queue

    def next_mapping(self, queue: QueueId) -> Mapping | None:
        """Return the mapping whose turn it is on a queue: several compete, and each message goes to one of them."""
        with self._lock:
            mappings = self._by_queue.get(queue)
            if not mappings:
                return None
            turn = self._turns[queue]
            self._turns[queue] = turn + 1
            return mappings[turn % len(mappings)]

    def timeout_seconds(self, mapping: Mapping) -> int:
        """Return how long a mapping's function may run."""
        function = self._snapshot.function_of(mapping) if self._snapshot else None
        return function.timeout_seconds if function else DEFAULT_TIMEOUT_SECONDS
