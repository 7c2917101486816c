"""The read side of the Lambda API: functions, their configuration and URLs, and event source mappings.

Shapes as in the Lambda service model of botocore; instants of functions are ISO text, of mappings epoch seconds.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import falcon

from karin.local import launch
from karin.local.definition import LATEST, Definition, Function, QueueMapping
from karin.local.paging import page
from karin.local.references import resolve

FUNCTIONS_PER_PAGE = 50
MAPPINGS_PER_PAGE = 100
URLS_PER_PAGE = 50
MAPPING_NAMESPACE = uuid.UUID("5e1f0a52-5d0c-4f0e-9b52-1f6c3a2d7b10")  # arbitrary, but never to be changed


class Functions:
    """GET /2015-03-31/functions."""

    def __init__(self, definition: Definition, started_at_ms: int) -> None:
        self._configurations = [
            function_configuration(definition, function, started_at_ms) for function in definition.functions
        ]

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with one page of functions."""
        resp.media = page(req, "Functions", self._configurations, FUNCTIONS_PER_PAGE)


class Configuration:
    """GET /2015-03-31/functions/{reference}/configuration."""

    def __init__(self, definition: Definition, started_at_ms: int) -> None:
        self._definition = definition
        self._started_at_ms = started_at_ms

    def on_get(self, req: falcon.Request, resp: falcon.Response, reference: str) -> None:
        """Answer with one function's configuration, its state included."""
        target = resolve(self._definition, reference, req.get_param("Qualifier"))
        states = {"State": "Active", "LastUpdateStatus": "Successful"}
        configuration = function_configuration(self._definition, target.function, self._started_at_ms)
        resp.media = configuration | states | {"FunctionArn": target.arn}


class FunctionUrls:
    """GET /2021-10-31/functions/{reference}/urls."""

    def __init__(self, definition: Definition, started_at_ms: int, urls: str) -> None:
        self._definition = definition
        self._started_at_ms = started_at_ms
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, reference: str) -> None:
        """Answer with the function's URL, if there is one, or with the error for an unknown function."""
        function = resolve(self._definition, reference).function
        configurations = []
        if function.url is not None and self._urls:
            configurations.append(url_configuration(self._definition, function, self._urls, self._started_at_ms))
        resp.media = page(req, "FunctionUrlConfigs", configurations, URLS_PER_PAGE)


class EventSourceMappings:
    """GET /2015-03-31/event-source-mappings."""

    def __init__(self, definition: Definition, started_at_ms: int) -> None:
        self._definition = definition
        self._mappings = [mapping_configuration(definition, mapping, started_at_ms) for mapping in definition.mappings]

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with one page of mappings, of one queue or one function if the caller says so."""
        wanted = self._mappings
        if source_arn := req.get_param("EventSourceArn"):
            wanted = [mapping for mapping in wanted if mapping["EventSourceArn"] == source_arn]
        if reference := req.get_param("FunctionName"):
            function_arn = resolve(self._definition, reference).arn
            wanted = [mapping for mapping in wanted if mapping["FunctionArn"] == function_arn]
        resp.media = page(req, "EventSourceMappings", wanted, MAPPINGS_PER_PAGE)


def function_configuration(definition: Definition, function: Function, started_at_ms: int) -> dict[str, Any]:
    """Return a function as ListFunctions shows it."""
    modified = datetime.fromtimestamp(started_at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    configuration: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": definition.function_arn(function.name),
        "Runtime": function.runtime,
        "Role": f"arn:aws:iam::{definition.account_id}:role/local",
        "Handler": function.handler,
        "CodeSize": 0,
        "Description": "",
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": modified,
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": [launch.architecture()],
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
    }
    if function.environment:
        configuration["Environment"] = {"Variables": function.environment}
    return configuration


def url_configuration(definition: Definition, function: Function, urls: str, started_at_ms: int) -> dict[str, Any]:
    """Return a function's URL as ListFunctionUrlConfigs shows it; ``urls`` is what all of them begin with."""
    created = datetime.fromtimestamp(started_at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "FunctionUrl": f"{urls}/{function.name}/",
        "FunctionArn": definition.function_arn(function.name),
        "AuthType": function.url.auth_type if function.url else "NONE",
        "CreationTime": created,
        "LastModifiedTime": created,
        "InvokeMode": "BUFFERED",
    }


def mapping_configuration(definition: Definition, mapping: QueueMapping, started_at_ms: int) -> dict[str, Any]:
    """Return a mapping as ListEventSourceMappings shows it; its UUID stays the same from start to start."""
    queue_arn, function_arn = definition.queue_arn(mapping.queue), definition.function_arn(mapping.function)
    mapping_uuid = str(uuid.uuid5(MAPPING_NAMESPACE, f"{queue_arn} {function_arn}"))
    prefix = f"arn:aws:lambda:{definition.region}:{definition.account_id}"
    configuration: dict[str, Any] = {
        "UUID": mapping_uuid,
        "EventSourceMappingArn": f"{prefix}:event-source-mapping:{mapping_uuid}",
        "EventSourceArn": queue_arn,
        "FunctionArn": function_arn,
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.window_seconds,
        "FunctionResponseTypes": list(mapping.function_response_types),
        "State": "Enabled" if mapping.enabled else "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": started_at_ms / 1000,
    }
    if mapping.max_concurrency is not None:
        configuration["ScalingConfig"] = {"MaximumConcurrency": mapping.max_concurrency}
    if mapping.filters:
        configuration["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in mapping.filters]}
    return configuration
