"""What karin knows of a deployment: its functions, its event source mappings, and the queues they read.

Frozen read models, stored whole as one snapshot. They mirror what ListFunctions, ListEventSourceMappings,
ListFunctionUrlConfigs and GetQueueAttributes say (AWS Lambda API reference), keeping only what concerns SQS.
"""

from collections.abc import Collection
from functools import lru_cache

import msgspec

from karin.mapping.filters import InvalidPattern, compile_filters
from karin.sqs.names import QueueId, queue_id_from_arn, region_from_arn

DEFAULT_BATCH_SIZE = 10
DEFAULT_TIMEOUT_SECONDS = 3  # Lambda's own default for a function
DEFAULT_MEMORY_MB = 128
REPORT_BATCH_ITEM_FAILURES = "ReportBatchItemFailures"
IDLE_STATES = ("Disabled", "Disabling")  # AWS polls nothing
POLLING_STATES = ("Enabled", "Enabling")


class FunctionUrl(msgspec.Struct, frozen=True):
    """A function's public URL; ``auth_type`` is ``NONE`` or ``AWS_IAM``."""

    url: str
    auth_type: str
    function_arn: str


class LambdaFunction(msgspec.Struct, frozen=True):
    """A deployed function, as ListFunctions has it.

    ``revision`` changes with its code and configuration. ``urls_read_at_ms`` is 0 while nobody has asked for its URLs.
    """

    name: str
    arn: str
    runtime: str = ""
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    memory_mb: int = DEFAULT_MEMORY_MB
    log_group: str = ""
    urls: tuple[FunctionUrl, ...] = ()
    revision: str = ""
    urls_read_at_ms: int = 0


class Mapping(msgspec.Struct, frozen=True):
    """One event source mapping from an SQS queue to a function; ``function_arn`` may end in an alias or version.

    ``filters`` are JSON patterns, ORed; none means every message. They are not ``filters_readable`` when AWS encrypts
    them with a key that karin may not use. It is ``served_anyway`` when a person said so, whatever its state in AWS.
    """

    uuid: str
    queue_arn: str
    function_arn: str
    state: str = "Disabled"
    batch_size: int = DEFAULT_BATCH_SIZE
    window_seconds: int = 0
    max_concurrency: int | None = None
    response_types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    filters_readable: bool = True
    served_anyway: bool = False

    @property
    def queue(self) -> QueueId:
        """Return the queue this mapping reads; raises ValueError when the ARN is not a queue's."""
        return _queue_of(self.queue_arn)

    @property
    def region(self) -> str:
        """Return the region of the queue and of its function."""
        return region_from_arn(self.queue_arn)

    @property
    def function_name(self) -> str:
        """Return the function's name, with ``:alias`` when the mapping names one."""
        return self.function_arn.split(":function:", 1)[-1]

    @property
    def is_served(self) -> bool:
        """Tell whether karin delivers for this mapping."""
        return self.unserved_because is None

    @property
    def unserved_because(self) -> str | None:
        """Return in a few words why karin does not deliver for this mapping, None when it does.

        It does not deliver while AWS polls too, unless a person said so, and never what a filter that it cannot read
        might have kept from the function.
        """
        if self.state in POLLING_STATES and not self.served_anyway:
            return "AWS polls it: deploy it with enabled: false"
        if self.state not in IDLE_STATES and not self.served_anyway:
            return f"AWS is changing it ({self.state}): sync again"
        if not self.filters_readable:
            return "its filters are encrypted and unreadable"
        return self.filter_fault and f"a filter is invalid: {self.filter_fault}"

    @property
    def filter_fault(self) -> str | None:
        """Return what is wrong with the mapping's filters, None when AWS would accept them."""
        return _fault_of(self.filters)

    @property
    def is_delivered_twice(self) -> bool:
        """Tell whether AWS polls a queue for which karin delivers as well."""
        return self.is_served and self.state not in IDLE_STATES

    @property
    def reports_item_failures(self) -> bool:
        """Tell whether the function answers with the ids of the messages that failed."""
        return REPORT_BATCH_ITEM_FAILURES in self.response_types


@lru_cache(4_096)  # of each mapping it is asked many times in every call
def _queue_of(queue_arn: str) -> QueueId:
    queue = queue_id_from_arn(queue_arn)
    if queue is None:
        raise ValueError(f"{queue_arn!r} is not the ARN of an SQS queue")
    return queue


@lru_cache(maxsize=256)
def _fault_of(patterns: tuple[str, ...]) -> str | None:
    try:
        compile_filters(patterns)
    except InvalidPattern as fault:
        return str(fault)
    return None


class MappedQueue(msgspec.Struct, frozen=True):
    """A queue that some mapping reads, or the dead-letter queue of one.

    ``attributes`` are SQS's own strings, as they were at ``read_at_ms``; None when AWS would not tell them.
    """

    arn: str
    attributes: dict[str, str] | None = None
    read_at_ms: int = 0


class Snapshot(msgspec.Struct, frozen=True):
    """A deployment at one instant, replaced as a whole by each sync.

    ``queues`` are those that karin must have, in the order in which it makes them: dead-letter queues come first. Which
    of them are mapped, and to what, only ``mappings`` tell.
    """

    synced_at_ms: int
    account_id: str
    region: str
    functions: tuple[LambdaFunction, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    queues: tuple[MappedQueue, ...] = ()
    warnings: tuple[str, ...] = ()

    def function_of(self, mapping: Mapping) -> LambdaFunction | None:
        """Return the function a mapping calls, whatever alias it names; None when it is not deployed."""
        name = mapping.function_name.split(":", 1)[0]
        return next((function for function in self.functions if function.name == name), None)

    def overridden(self, uuids: Collection[str]) -> "Snapshot":
        """Return the snapshot in which exactly the mappings of these UUIDs are served anyway."""
        return msgspec.structs.replace(
            self,
            mappings=tuple(
                msgspec.structs.replace(mapping, served_anyway=mapping.uuid in uuids) for mapping in self.mappings
            ),
        )

    def mappings_of(self, queue: QueueId) -> tuple[Mapping, ...]:
        """Return the mappings that read a queue and that karin serves."""
        return tuple(mapping for mapping in self.mappings if mapping.is_served and mapping.queue == queue)
