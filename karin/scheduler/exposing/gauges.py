"""What the scheduler that serves metrics knows beside counts: the last survey, its mappings, its calls."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from karin.metrics import catalog
from karin.metrics.catalog import MOST_QUEUES, OTHER_QUEUES, Metric
from karin.sqs.quotas import Limits
from karin.store.sweeping import Survey, SurveyedQueue


class Sample(NamedTuple):
    """A value of a metric under labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class QueueLabels:
    """Which queues have a label of their own: the first MOST_QUEUES that this process hears of."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def of(self, name: str) -> str:
        """Return the label of a queue."""
        if name not in self._names and len(self._names) < MOST_QUEUES:
            self._names.add(name)
        return name if name in self._names else OTHER_QUEUES


def of_survey(
    survey: Survey, labels: QueueLabels, now_ms: int, alive_ms: int, limits: tuple[int | None, int | None]
) -> Iterator[Sample]:
    """Yield what a survey tells. A scheduler is alive if it swept within ``alive_ms`` before the survey.

    ``limits`` are KARIN_MAX_QUEUE_BYTES and KARIN_MAX_BYTES as they are set.
    """
    alive = sum(at_ms >= survey.at_ms - alive_ms for at_ms in survey.last_sweeps_ms)
    yield Sample(catalog.SURVEY_AGE, (), max(0, now_ms - survey.at_ms) / 1000)
    yield Sample(catalog.SCHEDULERS, (), alive)
    yield Sample(catalog.QUEUES, (), survey.queue_count)
    if survey.used_memory is not None:
        yield Sample(catalog.STORE_MEMORY, (), survey.used_memory)
    if survey.most_memory is not None:
        yield Sample(catalog.STORE_LIMIT, (), survey.most_memory)
    held = Limits.of(*limits, survey.most_memory or 0, survey.nodes)
    for scope, most in (("queue", held.queue_bytes), ("all", held.total_bytes)):
        if most is not None:
            yield Sample(catalog.HELD_LIMIT, (scope,), most)
    yield from _of_queues(survey.queues, labels, now_ms)


def _of_queues(queues: Sequence[SurveyedQueue], labels: QueueLabels, now_ms: int) -> Iterator[Sample]:
    targets = {one.dead_letter_target for one in queues}
    sums: defaultdict[tuple[Metric, tuple[str, ...]], float] = defaultdict(float)
    oldest: defaultdict[str, float] = defaultdict(float)
    for one in queues:
        label = labels.of(one.queue.name)
        for state, count in zip(catalog.STATES, (one.ready, one.delayed, one.leased), strict=True):
            sums[catalog.MESSAGES, (label, state)] += count
        sums[catalog.HELD, (label,)] += one.held_bytes
        if one.queue in targets:
            sums[catalog.DEAD_LETTERS, (label,)] += one.ready + one.delayed + one.leased
        waits_ms = now_ms - one.next_due_at_ms if one.ready and one.next_due_at_ms is not None else 0
        oldest[label] = max(oldest[label], waits_ms / 1000)
    for (metric, names), value in sums.items():
        yield Sample(metric, names, value)
    for label, seconds in oldest.items():
        yield Sample(catalog.OLDEST, (label,), seconds)
