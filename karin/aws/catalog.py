"""Reading a deployment from AWS: functions, event source mappings, function URLs and queue attributes.

Functions and mappings are read whole or not at all, because a snapshot replaces the one before it. Everything else may
be missing; then the snapshot says so in a warning that a person can act on.
"""

from collections.abc import Iterable, Iterator, Set
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from msgspec.structs import replace

from karin.aws.advice import mapping_warnings
from karin.aws.clients import AwsClients
from karin.aws.problems import AWS_ERRORS, explain
from karin.aws.shapes import (
    Entry,
    account_id_from,
    dead_letter_arn,
    function_from,
    function_url_from,
    mapping_from,
    queue_of,
)
from karin.mapping.model import LambdaFunction, MappedQueue, Mapping, Snapshot
from karin.settings import DEFAULT_ACCOUNT_ID
from karin.sqs.names import queue_id_from_arn, region_from_arn

CONFIG = Config(
    connect_timeout=5,  # seconds
    read_timeout=20,  # seconds
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=1,
)


class CatalogUnavailable(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """AWS did not list the functions or the mappings; the message is one line that says why and what to do."""


class AwsCatalog:
    """Read the deployment of one account. Clients are built on first use and kept; one thread at a time."""

    def __init__(self, clients: AwsClients | None = None) -> None:
        self._clients = clients or AwsClients()
        self._built: dict[tuple[str, str], Any] = {}

    def read(self, now_ms: int, region: str) -> Snapshot:
        """Return the whole deployment in a region; raises CatalogUnavailable rather than return a part of it.

        Costs a request per 50 functions, per 100 mappings, per function, per mapped queue and per dead-letter queue.
        """
        listed = self._listed(region, "ListFunctions", "Functions")
        functions, url_warnings = self._with_urls([function_from(entry) for entry in listed], region)
        entries = self._listed(region, "ListEventSourceMappings", "EventSourceMappings")
        mappings = tuple(self._mapping(entry, region) for entry in entries if queue_of(entry))
        queues, queue_warnings = self._queues({mapping.queue_arn for mapping in mappings})
        return Snapshot(
            synced_at_ms=now_ms,
            account_id=account_id_from(mappings, functions) or DEFAULT_ACCOUNT_ID,
            region=region,
            functions=tuple(functions),
            mappings=mappings,
            queues=tuple(queues),
            warnings=(*mapping_warnings(mappings), *queue_warnings, *url_warnings),
        )

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._built:
            self._built[service, region] = self._clients.build(service, region, CONFIG)
        return self._built[service, region]

    def _entries(self, region: str, operation: str, field: str, **arguments: str) -> Iterator[Entry]:
        """Yield what a List operation holds: pages may be short or empty, only an absent NextMarker ends them."""
        paginator = self._client("lambda", region).get_paginator(xform_name(operation))
        for page in paginator.paginate(**arguments):
            yield from page.get(field) or ()

    def _listed(self, region: str, operation: str, field: str) -> list[Entry]:
        try:
            return list(self._entries(region, operation, field))
        except AWS_ERRORS as error:
            raise CatalogUnavailable(f"{operation} in {region}: {explain(error, f'lambda:{operation}')}") from error

    def _mapping(self, entry: Entry, region: str) -> Mapping:
        mapping = mapping_from(entry)
        if mapping.filters_readable:
            return mapping
        try:  # a listing leaves encrypted filters out; this call decrypts them for those who may use the key
            full = self._client("lambda", region).get_event_source_mapping(UUID=mapping.uuid)
        except AWS_ERRORS:
            return mapping
        return mapping if full.get("FilterCriteriaError") else replace(mapping_from(full), filters_readable=True)

    def _with_urls(self, functions: list[LambdaFunction], region: str) -> tuple[list[LambdaFunction], list[str]]:
        """Add the functions' URLs. karin delivers without them, so a failure costs a warning and nothing else."""
        operation, field = "ListFunctionUrlConfigs", "FunctionUrlConfigs"
        complete: list[LambdaFunction] = []
        problems: list[str] = []
        is_reachable = True
        for function in functions:
            try:
                entries = self._entries(region, operation, field, FunctionName=function.name) if is_reachable else ()
                complete.append(replace(function, urls=tuple(map(function_url_from, entries))))
            except AWS_ERRORS as error:
                is_reachable = isinstance(error, ClientError)  # no network: the next call would only wait for it again
                problems.append(explain(error, f"lambda:{operation}"))
                complete.append(function)
        if not problems:
            return complete, []
        return complete, [f"function URLs: AWS did not list all of them ({problems[0]}); karin shows those it knows"]

    def _queues(self, mapped: Set[str]) -> tuple[list[MappedQueue], list[str]]:
        """Read the mapped queues, and before them in the result the dead-letter queues that they name."""
        queues, warnings = self._described(sorted(mapped))
        named = {dead_letter_arn(queue.attributes or {}) for queue in queues} - {None, *mapped}
        dead_letter_queues, more_warnings = self._described(sorted(arn for arn in named if arn))
        return dead_letter_queues + queues, warnings + more_warnings

    def _described(self, arns: Iterable[str]) -> tuple[list[MappedQueue], list[str]]:
        queues: list[MappedQueue] = []
        warnings: list[str] = []
        unreachable = ""
        for arn in arns:
            attributes, problem = None, unreachable
            try:
                attributes = None if unreachable else self._attributes(arn)
            except AWS_ERRORS as error:
                problem = explain(error, "sqs:GetQueueAttributes")
                unreachable = "" if isinstance(error, ClientError) else problem
            queues.append(MappedQueue(arn, attributes))
            if problem:
                warnings.append(
                    f"queue {queue_id_from_arn(arn)}: AWS did not tell its attributes ({problem});"
                    " karin uses SQS defaults"
                )
        return queues, warnings

    def _attributes(self, arn: str) -> dict[str, str]:
        client = self._client("sqs", region_from_arn(arn))
        url = f"{client.meta.endpoint_url.rstrip('/')}/{queue_id_from_arn(arn)}"
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return dict(answer.get("Attributes") or {})
