"""Calling Lambda functions: one synchronous Invoke per batch, its result always a value.

botocore's retries are off, because a second call for the same batch would run the function twice: what to do after a
failure is decided where the lease is known. It knows nothing of messages; ``karin.mapping.outcome`` reads the result.
"""

import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)
from botocore.parsers import ResponseParserError

from karin.aws.body import SentOnce
from karin.aws.calling import log_tail, retry_after_seconds
from karin.aws.clients import AwsClients
from karin.aws.problems import AWS_ERRORS, error_code, error_message, http_status
from karin.mapping.outcome import InvokeResult, Responded, Unknown
from karin.mapping.payload import SMALL_BYTES, Payload
from karin.mapping.refusals import Refused
from karin.sqs.names import region_from_arn

CONNECT_TIMEOUT_SECONDS = 5
READ_MARGIN_SECONDS = 60  # a cold start comes on top of the function's own timeout
READ_TIMEOUTS_SECONDS = (120.0, 360.0, 960.0, 5460.0)  # for functions of 1, 5, 15 and 90 minutes, the longest there are


class LambdaInvoker:
    """Call functions of any region. Threads share it: up to ``max_concurrency`` connections per client are kept.

    botocore fixes the read timeout per client, so there is one client per region and read timeout in use: a lost
    connection must not hold the place of a 3-second function for a quarter of an hour.
    """

    def __init__(
        self,
        max_concurrency: int,
        clients: AwsClients | None = None,
        read_timeouts_seconds: tuple[float, ...] = READ_TIMEOUTS_SECONDS,
    ) -> None:
        self._max_concurrency = max_concurrency
        self._clients = clients or AwsClients()
        self._read_timeouts_seconds = read_timeouts_seconds
        self._lock = threading.Lock()
        self._by_region: dict[tuple[str, float], Any] = {}
        self._calling = threading.local()

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer; never raises for what AWS or the network does.

        ``function_arn`` may end in an alias or version, ``timeout_seconds`` is the function's own timeout. A large
        payload is dropped as soon as it is sent.
        """
        try:
            client = self._client(region_from_arn(function_arn), timeout_seconds)
            self._calling.trace_header = payload.trace_header
            response = client.invoke(
                FunctionName=function_arn,
                InvocationType="RequestResponse",
                LogType="Tail",
                # As bytes it is sent in one piece with the head.
                Payload=payload.data if payload.size <= SMALL_BYTES else SentOnce(payload),
            )
            return _responded(response)
        except AWS_ERRORS as error:
            return failed(error)

    def _client(self, region: str, timeout_seconds: int) -> Any:
        wanted_seconds = timeout_seconds + READ_MARGIN_SECONDS
        longest = self._read_timeouts_seconds[-1]
        read_timeout = next((limit for limit in self._read_timeouts_seconds if limit >= wanted_seconds), longest)
        with self._lock:
            client = self._by_region.get((region, read_timeout))
            if client is None:
                client = self._clients.build("lambda", region, self._config(read_timeout))
                client.meta.events.register("before-call.lambda.Invoke", self._add_trace_header)
                self._by_region[region, read_timeout] = client
        return client

    def _add_trace_header(self, params: dict[str, Any], **_: Any) -> None:
        if header := getattr(self._calling, "trace_header", None):
            params["headers"]["X-Amzn-Trace-Id"] = header

    def _config(self, read_timeout_seconds: float) -> Config:
        return Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=read_timeout_seconds,
            retries={"total_max_attempts": 1},
            tcp_keepalive=True,
            max_pool_connections=self._max_concurrency,
        )


def _responded(response: dict[str, Any]) -> Responded:
    return Responded(
        status=int(response["StatusCode"]),
        payload=response["Payload"].read(),
        function_error=response.get("FunctionError"),
        log_tail=log_tail(response.get("LogResult")),
        request_id=response["ResponseMetadata"].get("RequestId") or "",
    )


def failed(error: Exception) -> Refused | Unknown:
    """Tell what surely did not run from what may have: only the former may be called again at once."""
    code, message = error_code(error), error_message(error)
    match error:
        case ClientError():
            status = http_status(error)
            metadata = error.response.get("ResponseMetadata", {})
            return Refused(
                code,
                status,
                message,
                retry_after_seconds=retry_after_seconds(metadata.get("HTTPHeaders", {}).get("retry-after")),
                request_id=metadata.get("RequestId") or "",
            )
        case SSLError():  # in the handshake or later, botocore does not tell
            return Unknown(code, message)
        case NoConnection():
            return Refused(code, message=message, is_unreached=True)
        case HTTPClientError() | IncompleteReadError() | ResponseParserError():
            return Unknown(code, message)
        case _:  # no credentials, an unusable configuration: nothing was sent, and nothing will be until it is mended
            return Refused(code, message=message)
