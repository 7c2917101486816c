"""Event source mappings of both kinds of file, with the rules that AWS checks when they are deployed.

Sources: the "sqs" event of the Serverless Framework, "SQS" in the SAM resource reference, CreateEventSourceMapping in
the Lambda API reference. Whether a mapping is enabled does not matter here: nobody else polls a local queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from karin.local.definition import Function, Queue, QueueMapping
from karin.local.project.document import Place
from karin.local.project.problems import Problems, Unresolved
from karin.local.project.template import Template
from karin.local.project.values import whole_number
from karin.mapping.model import DEFAULT_BATCH_SIZE, REPORT_BATCH_ITEM_FAILURES
from karin.sqs.names import FIFO_SUFFIX, queue_id_from_arn

FIFO_BATCH_SIZE = 10
BATCH_SIZE_WITHOUT_WINDOW = 10


@dataclass(frozen=True)
class Spelling:
    """How one kind of file calls the properties of a mapping."""

    queue: str
    batch_size: str
    window: str
    response_types: str


SERVERLESS = Spelling("arn", "batchSize", "maximumBatchingWindow", "functionResponseType")
SAM = Spelling("Queue", "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes")
CLOUDFORMATION = Spelling("EventSourceArn", "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes")


class MappingReader:
    """Reads the mappings of one file; a property that cannot be used is a problem, and counts as not given."""

    def __init__(self, template: Template, spelling: Spelling, problems: Problems) -> None:
        self._template = template
        self._spelling = spelling
        self._problems = problems

    def read(
        self, function: str, given: Mapping[str, Any], concurrency: Any, filters: tuple[Any, Place], place: Place
    ) -> QueueMapping:
        """Return a mapping to a function; raises Unresolved when its queue cannot be told.

        ``given`` has its properties as they stand in the file; the cap of concurrency and the list of filter patterns,
        whose place is told with them, are deeper in some files than in others.
        """
        spelling = self._spelling
        queue = self._queue(given.get(spelling.queue))
        is_fifo = queue.endswith(FIFO_SUFFIX)
        batch_size = self._number(given, spelling.batch_size, DEFAULT_BATCH_SIZE, (1, 10_000), place)
        window_seconds = self._number(given, spelling.window, 0, (0, 300), place)
        if is_fifo and window_seconds:
            window_seconds = 0
            self._problems.add(
                (*place, spelling.window), "AWS refuses it: a FIFO queue has no batching window; left out"
            )
        largest = FIFO_BATCH_SIZE if is_fifo else BATCH_SIZE_WITHOUT_WINDOW if not window_seconds else batch_size
        if batch_size > largest:
            why = "a FIFO queue gives" if is_fifo else f"without {spelling.window} a queue gives"
            self._problems.add(
                (*place, spelling.batch_size),
                f"AWS refuses {batch_size}: {why} at most {largest} at once; taken as that",
            )
            batch_size = largest
        max_concurrency = None
        with self._problems.of(place):
            resolved = self._template.optional(concurrency)
            max_concurrency = None if resolved is None else whole_number(resolved, 2, 1_000)
        return QueueMapping(
            queue=queue,
            function=function,
            batch_size=batch_size,
            window_seconds=window_seconds,
            max_concurrency=max_concurrency,
            function_response_types=self._response_types(given, place),
            filters=self._filters(*filters),
        )

    def _queue(self, given: Any) -> str:
        if given is None:
            raise Unresolved(f"it names no queue: write its ARN as {self._spelling.queue}")
        queue = queue_id_from_arn(self._template.local_queue_arn(self._template.resolve(given)))
        if queue is None:
            raise Unresolved(f"{given} is not the ARN of an SQS queue")
        return queue.name

    def _number(self, given: Mapping[str, Any], name: str, default: int, bounds: tuple[int, int], place: Place) -> int:
        with self._problems.of((*place, name)):
            value = self._template.optional(given.get(name))
            return default if value is None else whole_number(value, *bounds)
        return default

    def _response_types(self, given: Mapping[str, Any], place: Place) -> tuple[str, ...]:
        name = self._spelling.response_types
        with self._problems.of((*place, name)):
            value = self._template.optional(given.get(name))
            types = [] if value is None else value if isinstance(value, list) else [value]
            for other in set(map(str, types)) - {REPORT_BATCH_ITEM_FAILURES}:
                raise Unresolved(f"{other} is no response type: AWS knows {REPORT_BATCH_ITEM_FAILURES} alone")
            return tuple(types)
        return ()

    def _filters(self, given: Any, place: Place) -> tuple[str, ...]:
        with self._problems.of(place):
            value = self._template.optional(given)
            if value is None:
                return ()
            if not isinstance(value, list):
                raise Unresolved("filter patterns are a list")
            return tuple(item if isinstance(item, str) else json.dumps(item) for item in value)
        return ()


def check_visibility(mapping: QueueMapping, queue: Queue, function: Function, place: Place, problems: Problems) -> None:
    """Note a queue whose messages would come back while its function may still run: AWS refuses such a mapping."""
    visibility_seconds = int(queue.all_attributes()["VisibilityTimeout"])
    if visibility_seconds < function.timeout_seconds:
        problems.add(
            place,
            f"AWS refuses it: queue {mapping.queue} has a VisibilityTimeout of {visibility_seconds} s, less than the"
            f" {function.timeout_seconds} s that {function.name} may run; raise the one or lower the other",
        )
