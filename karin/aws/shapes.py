"""What the Lambda API's listings say, as karin's read models. Unknown fields are ignored, absent ones get defaults."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from karin.mapping.model import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_MEMORY_MB,
    DEFAULT_TIMEOUT_SECONDS,
    FunctionUrl,
    LambdaFunction,
    Mapping,
)
from karin.sqs.names import QueueId, queue_id_from_arn

Entry = dict[str, Any]


def function_from(entry: Entry) -> LambdaFunction:
    """Return an element of ListFunctions, still without its URLs."""
    name = entry["FunctionName"]
    return LambdaFunction(
        name=name,
        arn=entry["FunctionArn"],
        runtime=entry.get("Runtime") or "",
        timeout_seconds=entry.get("Timeout") or DEFAULT_TIMEOUT_SECONDS,
        memory_mb=entry.get("MemorySize") or DEFAULT_MEMORY_MB,
        log_group=(entry.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        revision=entry.get("RevisionId") or entry.get("LastModified") or "",
    )


def function_url_from(entry: Entry) -> FunctionUrl:
    """Return an element of ListFunctionUrlConfigs."""
    return FunctionUrl(url=entry["FunctionUrl"], auth_type=entry["AuthType"], function_arn=entry["FunctionArn"])


def queue_of(entry: Entry) -> QueueId | None:
    """Return the queue that a mapping reads, None when it reads a stream, a topic or a broker."""
    return queue_id_from_arn(entry.get("EventSourceArn") or "")


def dead_letter_arn(attributes: dict[str, str]) -> str | None:
    """Return the ARN of the dead-letter queue that a queue's attributes name, None when they name none."""
    try:
        arn = json.loads(attributes.get("RedrivePolicy") or "{}")["deadLetterTargetArn"]
    except (ValueError, KeyError, TypeError):
        return None
    return arn if isinstance(arn, str) and queue_id_from_arn(arn) else None


def mapping_from(entry: Entry) -> Mapping:
    """Return an element of ListEventSourceMappings that reads a queue."""
    filters = (entry.get("FilterCriteria") or {}).get("Filters") or ()
    patterns = [element.get("Pattern") for element in filters]
    is_encrypted = bool(entry.get("KMSKeyArn")) and not (patterns and all(patterns))
    return Mapping(
        uuid=entry["UUID"],
        queue_arn=entry["EventSourceArn"],
        function_arn=entry["FunctionArn"],
        state=entry.get("State") or "Unknown",
        batch_size=entry.get("BatchSize") or DEFAULT_BATCH_SIZE,
        window_seconds=entry.get("MaximumBatchingWindowInSeconds") or 0,
        max_concurrency=(entry.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        response_types=tuple(entry.get("FunctionResponseTypes") or ()),
        filters=tuple(pattern or "{}" for pattern in patterns) if not is_encrypted else (),
        filters_readable=not is_encrypted,
    )


def account_id_from(mappings: Iterable[Mapping], functions: Iterable[LambdaFunction]) -> str | None:
    """Return the account that most mapped queues belong to, else the functions', None when there are neither."""
    owners = Counter(mapping.queue.account for mapping in mappings) or Counter(
        function.arn.split(":")[4] for function in functions
    )
    return owners.most_common(1)[0][0] if owners else None
