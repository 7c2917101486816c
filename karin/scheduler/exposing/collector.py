"""All metrics as prometheus_client wants them: the counts of all processes added up, and what is looked at now."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from karin import __version__
from karin.metrics import catalog, tally
from karin.metrics.catalog import Kind, Metric
from karin.scheduler.exposing.gauges import QueueLabels, Sample
from karin.scheduler.exposing.processes import parts

MICRO = 1_000_000
_BY_NAME = {metric.name: metric for metric in catalog.COUNTED}


class KarinCollector(Collector):
    """Answers each reading from what processes counted and this one knows: it asks the store nothing."""

    def __init__(self, home: Path, labels: QueueLabels, gauges: Callable[[], Iterable[Sample]]) -> None:
        """Read counts from a KARIN_HOME, and what the scheduler knows from ``gauges``."""
        self._home = home
        self._labels = labels
        self._gauges = gauges

    def collect(self) -> Iterator[Family]:
        """Yield every metric of the catalog, also those that have no value yet."""
        counts = self._counts()
        for metric in catalog.COUNTED:
            yield _counted(metric, counts[metric.name])
        samples: defaultdict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for sample in (*self._gauges(), *self._of_machine()):
            samples[sample.metric.name][sample.labels] = sample.value
        for metric in catalog.SEEN:
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in sorted(samples[metric.name].items()):
                family.add_metric(labels, value)
            yield family

    def _counts(self) -> dict[str, dict[tuple[str, ...], list[int]]]:
        summed: defaultdict[str, dict[tuple[str, ...], list[int]]] = defaultdict(dict)
        for name, labels, cells in tally.read(self._home):
            metric = _BY_NAME.get(name)
            if metric is None or len(cells) != metric.cells or len(labels) != len(metric.labels):
                continue
            is_by_queue = metric.labels[:1] == ("queue",)
            shown = (self._labels.of(labels[0]), *labels[1:]) if is_by_queue else labels
            before = summed[name].get(shown, [0] * metric.cells)
            summed[name][shown] = [a + b for a, b in zip(before, cells, strict=True)]
        return summed

    def _of_machine(self) -> Iterator[Sample]:
        yield Sample(catalog.INFO, (__version__,), 1)
        for part in parts(self._home, os.getpid()):
            yield Sample(catalog.PROCESSES, (part.name,), part.processes)
            yield Sample(catalog.MEMORY, (part.name,), part.memory_bytes)
            yield Sample(catalog.STARTED, (part.name,), part.started_at_seconds)


def _counted(metric: Metric, counts: dict[tuple[str, ...], list[int]]) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        bounds = [*(str(bound) for bound in metric.bounds), "+Inf"]
        for labels, (*buckets, summed) in sorted(counts.items()):
            if any(buckets):  # an action that nobody asked for says nothing
                histogram.add_metric(labels, list(zip(bounds, accumulate(buckets), strict=True)), summed / MICRO)
        return histogram
    counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, (count,) in sorted(counts.items()):
        counter.add_metric(labels, count)
    return counter
