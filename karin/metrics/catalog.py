"""Every metric that karin serves: name, type, labels and meaning. docs/metrics.md is made from this list.

It knows nothing of how they are counted or served. Names follow Prometheus: base units, ``_total`` for counters.
"""

from dataclasses import dataclass
from enum import StrEnum

MOST_QUEUES = 100  # names of queues in labels; queues are made by users, and each name costs about 50 series
OTHER_QUEUES = "(other)"  # all queues beyond; no queue can have this name
STATES = ("ready", "delayed", "in_flight")
RESULTS = ("ok", "client_error", "server_error")


class Kind(StrEnum):
    """The types of Prometheus that karin has."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Those with ``cells`` are counted by several processes, each in a file (karin.metrics.tally).

    ``bounds`` are the upper bounds of a histogram's buckets in seconds, without the last, infinite one.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def cells(self) -> int:
        """Return how many whole numbers a set of labels takes: a histogram's buckets, and its sum in microseconds."""
        return len(self.bounds) + 2 if self.kind is Kind.HISTOGRAM else 1


_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0)
_LATE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)

REQUESTS = Metric(
    "karin_requests_total",
    Kind.COUNTER,
    "Requests to the endpoint that were answered: ok, or with an error that is the caller's or the server's.",
    ("action", "result"),
)
REQUEST_DURATION = Metric(
    "karin_request_duration_seconds",
    Kind.HISTOGRAM,
    "How long requests took from their head to their answer; a long poll takes as long as it waits.",
    ("action",),
    _QUICK,
)
REQUEST_ERRORS = Metric(
    "karin_request_errors_total", Kind.COUNTER, "Requests that were answered with an error, by its code.", ("code",)
)
SENT = Metric(
    "karin_messages_sent_total",
    Kind.COUNTER,
    "Messages that the endpoint accepted; a FIFO queue's duplicates among them.",
    ("queue",),
)
RECEIVED = Metric(
    "karin_messages_received_total", Kind.COUNTER, "Messages that callers of ReceiveMessage were given.", ("queue",)
)
DEAD_LETTERED = Metric(
    "karin_messages_dead_lettered_total",
    Kind.COUNTER,
    "Messages that were received too often and moved to a dead-letter queue, by the queue they came from.",
    ("queue",),
)
INVOCATIONS = Metric(
    "karin_invocations_total",
    Kind.COUNTER,
    "Calls of functions by outcome; `filtered`: no message passed the filters, and no function was called.",
    ("queue", "outcome"),
)
DELIVERED = Metric(
    "karin_messages_delivered_total", Kind.COUNTER, "Messages that a function took without an error.", ("queue",)
)
LATENESS = Metric(
    "karin_invocation_lateness_seconds",
    Kind.HISTOGRAM,
    "How long after the first message of a batch was due its function was called.",
    ("queue",),
    _LATE,
)
DURATION = Metric(
    "karin_invocation_duration_seconds", Kind.HISTOGRAM, "How long calls of functions took.", ("queue",), _LONG
)
COMMANDS = Metric(
    "karin_store_commands_total",
    Kind.COUNTER,
    "Redis commands that were sent, without those that open a connection or subscribe.",
    ("process",),
)
COUNTED = (
    REQUESTS, REQUEST_DURATION, REQUEST_ERRORS, SENT, RECEIVED, DEAD_LETTERED, INVOCATIONS, DELIVERED, LATENESS,
    DURATION, COMMANDS,
)  # fmt: skip
"""What is counted, by whichever process it happens in."""

INFO = Metric("karin_build_info", Kind.GAUGE, "Always 1; the version of karin that serves this.", ("version",))
SCHEDULERS = Metric("karin_schedulers_alive", Kind.GAUGE, "Schedulers on this store that swept lately.")
SURVEY_AGE = Metric(
    "karin_survey_age_seconds",
    Kind.GAUGE,
    "How old all that is told of queues and store is; it is read with each sweep, once a minute. -1: not yet read.",
)
QUEUES = Metric("karin_queues", Kind.GAUGE, "Queues that exist.")
MESSAGES = Metric("karin_queue_messages", Kind.GAUGE, "Messages in a queue by state.", ("queue", "state"))
DEAD_LETTERS = Metric(
    "karin_dead_letter_messages",
    Kind.GAUGE,
    "Messages of all states in a queue that is a dead-letter queue.",
    ("queue",),
)
OLDEST = Metric(
    "karin_queue_oldest_ready_age_seconds",
    Kind.GAUGE,
    "How long the first in line could have been received; 0 when nothing is ready.",
    ("queue",),
)
HELD = Metric(
    "karin_queue_held_bytes", Kind.GAUGE, "What a queue's messages take in the store, as limits count.", ("queue",)
)
HELD_LIMIT = Metric(
    "karin_held_limit_bytes",
    Kind.GAUGE,
    "What one queue, or all together, may hold (KARIN_MAX_QUEUE_BYTES, KARIN_MAX_BYTES); absent without a limit.",
    ("scope",),
)
STORE_MEMORY = Metric(
    "karin_store_memory_bytes", Kind.GAUGE, "Memory that the store uses, as it says; of a cluster, its fullest node."
)
STORE_LIMIT = Metric(
    "karin_store_memory_limit_bytes", Kind.GAUGE, "Memory that the store may use; absent when it has no limit."
)
BUDGET = Metric(
    "karin_store_commands_budget",
    Kind.GAUGE,
    "Redis commands that this machine may spend a day (KARIN_REDIS_BUDGET, or as the store told); absent if unknown.",
)
BUDGET_SPENT = Metric(
    "karin_store_commands_spent",
    Kind.GAUGE,
    "Redis commands that this machine has spent since midnight UTC; absent without a budget.",
)
MAPPINGS = Metric("karin_mappings", Kind.GAUGE, "Mappings that are served, and of those the paused.", ("state",))
IN_FLIGHT = Metric("karin_invocations_in_flight", Kind.GAUGE, "Calls of functions that this scheduler waits for.")
IN_FLIGHT_LIMIT = Metric(
    "karin_invocations_in_flight_limit", Kind.GAUGE, "Calls that it makes at once at most (KARIN_MAX_CONCURRENCY)."
)
PROCESSES = Metric("karin_processes", Kind.GAUGE, "Processes of each part of karin on this machine.", ("process",))
MEMORY = Metric(
    "karin_process_memory_bytes",
    Kind.GAUGE,
    "Memory of each part of karin: proportional set size, which counts shared pages once in all.",
    ("process",),
)
STARTED = Metric(
    "karin_process_start_time_seconds",
    Kind.GAUGE,
    "When each part of karin started, since the Unix epoch.",
    ("process",),
)
SEEN = (
    INFO, SCHEDULERS, SURVEY_AGE, QUEUES, MESSAGES, DEAD_LETTERS, OLDEST, HELD, HELD_LIMIT, STORE_MEMORY, STORE_LIMIT,
    BUDGET, BUDGET_SPENT, MAPPINGS, IN_FLIGHT, IN_FLIGHT_LIMIT, PROCESSES, MEMORY, STARTED,
)  # fmt: skip
"""What is looked at when the metrics are read, or with each sweep."""

METRICS = COUNTED + SEEN
