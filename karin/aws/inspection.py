"""Asking AWS what only a doctor wants to know: may this machine call a function, and what time is it there."""

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import msgspec
from botocore.exceptions import ClientError

from karin.aws.clients import ONE_BY_ONE, AwsClients, queue_url
from karin.aws.problems import AWS_ERRORS, MISSING_FUNCTION_CODE, THROTTLED_CODES, error_code, explain
from karin.clock import Clock
from karin.sqs.names import region_from_arn

DATE_RESOLUTION_MS = 1000  # HTTP dates have whole seconds
AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
HEALTH_TIMEOUT_SECONDS = 5
HEALTH_WORDS = ("ok", "unavailable")  # what karin's /healthz says, whatever proxy stands before it


class DryRun(msgspec.Struct, frozen=True):
    """Whether a function may be called: ``problem`` in a line, or "". Without ``is_certain`` nobody answered that."""

    function_arn: str
    problem: str = ""
    is_certain: bool = True


class Heard(msgspec.Struct, frozen=True):
    """What an answer tells: how far this machine's clock is ahead of the other's, and whether karin gave it."""

    clock_ahead_ms: int | None = None
    is_karin: bool = False
    url: str = ""


class AwsInspector:
    """Asks; one thread at a time. Nothing here raises."""

    def __init__(self, clock: Clock, clients: AwsClients | None = None) -> None:
        self._clock = clock
        self._clients = clients or AwsClients()
        self._built: dict[tuple[str, str], Any] = {}

    def dry_run(self, function_arn: str) -> DryRun:
        """Return whether a function may be called with these credentials; it is not run, and nothing is billed."""
        try:
            client = self._client("lambda", region_from_arn(function_arn))
            client.invoke(FunctionName=function_arn, InvocationType="DryRun")
        except AWS_ERRORS as error:
            if error_code(error) == MISSING_FUNCTION_CODE:
                return DryRun(function_arn, "it does not exist: deploy it, or remove its mapping")
            is_certain = isinstance(error, ClientError) and error_code(error) not in THROTTLED_CODES
            return DryRun(function_arn, explain(error, "lambda:InvokeFunction"), is_certain)
        return DryRun(function_arn)

    def hear_lambda(self, region: str) -> Heard:
        """Return what the head of an answer of Lambda tells; the answer may be a refusal."""
        return self._heard("lambda", region, lambda client: client.list_event_source_mappings(MaxItems=1))

    def hear_sqs(self, queue_arn: str) -> Heard:
        """Return what an answer of SQS tells, which may be a refusal; and whether this SQS is in truth karin."""

        def ask(client: Any) -> Any:
            return client.get_queue_attributes(QueueUrl=queue_url(client, queue_arn), AttributeNames=["QueueArn"])

        return self._heard("sqs", region_from_arn(queue_arn), ask)

    def _heard(self, service: str, region: str, ask: Callable[[Any], Any]) -> Heard:
        url, before_ms = "", self._clock.now_ms()
        try:
            client = self._client(service, region)
            url = str(client.meta.endpoint_url)
            before_ms = self._clock.now_ms()
            answer = ask(client)
        except ClientError as error:
            answer = error.response
        except AWS_ERRORS:
            return Heard(url=url)
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        return Heard(_ahead_ms(date, before_ms, self._clock.now_ms()), service == "sqs" and _is_karin(url), url)

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._built:
            self._built[service, region] = self._clients.build(service, region, ONE_BY_ONE)
        return self._built[service, region]


def _is_karin(url: str) -> bool:
    """Tell whether an endpoint is karin's; AWS's own is not asked."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or (parts.hostname or "").endswith(AWS_HOSTS):
        return False
    health_url = urlunsplit((parts.scheme, parts.netloc, "/healthz", "", ""))
    try:
        with urlopen(health_url, timeout=HEALTH_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme is looked at
            body = answer.read(1000)
    except HTTPError as error:
        body = error.read(1000)
        error.close()
    except OSError:
        return False
    try:
        return json.loads(body)["status"] in HEALTH_WORDS
    except (ValueError, KeyError, TypeError):
        return False


def _ahead_ms(date: str | None, before_ms: int, after_ms: int) -> int | None:
    """Return how far a clock that said ``before_ms`` and ``after_ms`` is ahead of the one that wrote an HTTP date.

    0 while the difference may come from the way of the answer and from the date's whole seconds.
    """
    try:
        written_ms = int(parsedate_to_datetime(date or "").timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    if before_ms > written_ms + DATE_RESOLUTION_MS:
        return before_ms - written_ms - DATE_RESOLUTION_MS
    return min(0, after_ms - written_ms)
