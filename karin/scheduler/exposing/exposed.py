"""What a scheduler has to do with the metrics that it serves: count, begin, and learn what each sweep found."""

import logging
from collections.abc import Iterator

from karin.clock import Clock
from karin.metrics import catalog
from karin.metrics.tally import Tally
from karin.operations.status import alive_ms
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.exposing.calls import CallMeter
from karin.scheduler.exposing.collector import KarinCollector
from karin.scheduler.exposing.gauges import QueueLabels, Sample, of_survey
from karin.scheduler.exposing.processes import SCHEDULER
from karin.scheduler.exposing.server import serve
from karin.scheduler.served import Served
from karin.scheduler.thrift import Thrift
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store.sweeping import MOST_SURVEYED, Survey

log = logging.getLogger("karin.metrics")


class Exposed:
    """The metrics of a karin, as one scheduler serves them."""

    def __init__(self, settings: Settings, clock: Clock, served: Served, thrift: Thrift) -> None:
        self._settings = settings
        self._clock = clock
        self._served = served
        self._thrift = thrift
        self._dispatcher: Dispatcher | None = None
        self._labels = QueueLabels()
        self.tally = Tally.open(settings.home, SCHEDULER)
        self.commands = self.tally.cells(catalog.COMMANDS, SCHEDULER)
        self.meter = CallMeter(self.tally)
        self._survey: Survey | None = None  # replaced as a whole
        self.asks: tuple[QueueId, ...] = ()  # what the next sweep is to survey

    def learn(self, survey: Survey) -> bool:
        """Note what a sweep found; tell whether there are queues that it was not asked for."""
        self._survey = survey
        known = self.asks
        # Those that functions wait for come first, in case that there are more than one survey tells of.
        self.asks = tuple(dict.fromkeys((*sorted(self._served.queues()), *survey.names)))[:MOST_SURVEYED]
        return not set(self.asks) <= set(known)

    def start(self, dispatcher: Dispatcher) -> None:
        """Serve metrics where the settings say. Messages never wait for metrics: what fails here is only said."""
        self._dispatcher = dispatcher
        host, port = self._settings.metrics_bind or ("", 0)
        try:
            serve(host, port, KarinCollector(self._settings.home, self._labels, self._samples))
        except OSError as error:
            reason = error.strerror or error
            log.error("metrics are not served: KARIN_METRICS_BIND=%s:%d cannot be bound: %s", host, port, reason)
        else:
            log.info("metrics are at %s", self._settings.metrics_url)

    def _samples(self) -> Iterator[Sample]:
        """Yield what this scheduler knows."""
        if self._dispatcher:
            mappings = self._served.mappings()
            paused = sum(self._dispatcher.paused.of(mapping) is not None for mapping in mappings)
            yield Sample(catalog.MAPPINGS, ("served",), len(mappings))
            yield Sample(catalog.MAPPINGS, ("paused",), paused)
            yield Sample(catalog.IN_FLIGHT, (), self._dispatcher.in_flight())
        yield Sample(catalog.IN_FLIGHT_LIMIT, (), self._settings.max_concurrency)
        if outlook := self._thrift.outlook:
            yield Sample(catalog.BUDGET, (), outlook.commands_a_day)
            yield Sample(catalog.BUDGET_SPENT, (), outlook.spent)
        if self._survey is None:
            yield Sample(catalog.SURVEY_AGE, (), -1)
            return
        limits = (self._settings.max_queue_bytes, self._settings.max_bytes)
        yield from of_survey(self._survey, self._labels, self._clock.now_ms(), alive_ms(self._settings), limits)
