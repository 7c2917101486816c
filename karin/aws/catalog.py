"""Reading a deployment from AWS: functions, event source mappings, function URLs and queue attributes.

Functions and mappings are read whole or not at all, because a snapshot replaces the one before it. Everything else may
be missing; then the snapshot says so in a warning that a person can act on. One call after the other: Lambda allows
15 of them a second for the whole account, deployments included.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from msgspec.structs import replace

from karin.aws.clients import ONE_BY_ONE, AwsClients, queue_url
from karin.aws.problems import AWS_ERRORS, MISSING_FUNCTION_CODE, THROTTLED_CODES, error_code, explain
from karin.aws.shapes import (
    Entry,
    account_id_from,
    dead_letter_arn,
    function_from,
    function_url_from,
    mapping_from,
    queue_of,
)
from karin.aws.unavailable import CatalogUnavailable
from karin.mapping.model import LambdaFunction, MappedQueue, Mapping, Snapshot
from karin.settings import DEFAULT_ACCOUNT_ID
from karin.sqs.names import queue_id_from_arn, region_from_arn


class AwsCatalog:
    """Read the deployment of one account. Clients are built on first use and kept; one thread at a time."""

    def __init__(self, clients: AwsClients | None = None) -> None:
        self._clients = clients or AwsClients()
        self._built: dict[tuple[str, str], Any] = {}

    def read(self, now_ms: int, region: str, known: Sequence[MappedQueue] = ()) -> Snapshot:
        """Return a region's deployment but for its URLs; raises CatalogUnavailable rather than return a part of it.

        Costs a request per 50 functions, per 100 mappings, and, billed as SQS requests are, per mapped queue and per
        dead-letter queue; not for those that are ``known`` already.
        """
        functions = [function_from(entry) for entry in self._listed(region, "ListFunctions", "Functions")]
        entries = self._listed(region, "ListEventSourceMappings", "EventSourceMappings")
        mappings = tuple(self._mapping(entry, region) for entry in entries if queue_of(entry))
        queues, queue_warnings = self._queues({mapping.queue_arn for mapping in mappings}, now_ms, known)
        return Snapshot(
            synced_at_ms=now_ms,
            account_id=account_id_from(mappings, functions) or DEFAULT_ACCOUNT_ID,
            region=region,
            functions=tuple(functions),
            mappings=mappings,
            queues=tuple(queues),
            warnings=tuple(queue_warnings),
        )

    def read_urls(
        self, functions: Sequence[LambdaFunction], now_ms: int, region: str
    ) -> tuple[tuple[LambdaFunction, ...], str | None]:
        """Return functions with the URLs they have now, those that AWS told, and a warning when it did not tell all.

        Costs a request per function: AWS lists URLs by function and in no other way. karin delivers without them, so
        this raises nothing. Without a network, or when AWS has had too many requests, the others are not asked for.
        """
        operation = "ListFunctionUrlConfigs"
        read: list[LambdaFunction] = []
        problem = ""
        for function in functions:
            try:
                entries = list(self._entries(region, operation, "FunctionUrlConfigs", FunctionName=function.name))
            except AWS_ERRORS as error:
                if error_code(error) == MISSING_FUNCTION_CODE:
                    continue  # deleted since it was listed
                problem = problem or explain(error, f"lambda:{operation}")
                if not isinstance(error, ClientError) or error_code(error) in THROTTLED_CODES:
                    break
                continue  # a permission may name single functions
            read.append(replace(function, urls=tuple(map(function_url_from, entries)), urls_read_at_ms=now_ms))
        warning = f"function URLs: AWS did not list all of them ({problem}); karin shows those it knows"
        return tuple(read), warning if problem else None

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._built:
            self._built[service, region] = self._clients.build(service, region, ONE_BY_ONE)
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

    def _queues(
        self, mapped: Set[str], now_ms: int, known: Sequence[MappedQueue]
    ) -> tuple[list[MappedQueue], list[str]]:
        """Read the mapped queues, and before them in the result the dead-letter queues that they name."""
        by_arn = {queue.arn: queue for queue in known}
        queues, warnings = self._described(sorted(mapped), now_ms, by_arn)
        named = {dead_letter_arn(queue.attributes or {}) for queue in queues} - {None, *mapped}
        dead_letter_queues, more_warnings = self._described(sorted(arn for arn in named if arn), now_ms, by_arn)
        return dead_letter_queues + queues, warnings + more_warnings

    def _described(
        self, arns: Iterable[str], now_ms: int, known: dict[str, MappedQueue]
    ) -> tuple[list[MappedQueue], list[str]]:
        queues: list[MappedQueue] = []
        warnings: list[str] = []
        unreachable = ""
        for arn in arns:
            if arn in known:
                queues.append(known[arn])
                continue
            attributes, problem = None, unreachable
            try:
                attributes = None if unreachable else self._attributes(arn)
            except AWS_ERRORS as error:
                problem = explain(error, "sqs:GetQueueAttributes")
                may_differ = isinstance(error, ClientError) and error_code(error) not in THROTTLED_CODES
                unreachable = "" if may_differ else problem  # each further call would only wait for the same
            queues.append(MappedQueue(arn, attributes, 0 if attributes is None else now_ms))
            if problem:
                warnings.append(
                    f"queue {queue_id_from_arn(arn)}: AWS did not tell its attributes ({problem});"
                    " karin uses SQS defaults"
                )
        return queues, warnings

    def _attributes(self, arn: str) -> dict[str, str]:
        client = self._client("sqs", region_from_arn(arn))
        answer = client.get_queue_attributes(QueueUrl=queue_url(client, arn), AttributeNames=["All"])
        return dict(answer.get("Attributes") or {})
