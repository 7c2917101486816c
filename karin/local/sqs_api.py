"""The two SQS operations a mapping's reader needs, in SQS's JSON protocol: GetQueueAttributes and GetQueueUrl.

They answer what the definition says of a queue. Nothing is queued here: that is karin's own endpoint.
"""

from typing import Any

import falcon
import msgspec

from karin.local.definition import Definition, Queue
from karin.sqs.errors import InvalidAction, MalformedInput, MissingParameter, QueueDoesNotExist, SqsError
from karin.sqs.names import queue_id_from_url
from karin.sqs.queue_attributes import check_names, select

TARGET_PREFIX = "AmazonSQS."
MEDIA_TYPE = "application/x-amz-json-1.0"


class _Request(msgspec.Struct, rename="pascal"):
    queue_url: str | None = None
    queue_name: str | None = None
    queue_owner_aws_account_id: str | None = msgspec.field(default=None, name="QueueOwnerAWSAccountId")
    attribute_names: tuple[str, ...] = ()


class SqsApi:
    """Answers by the action in X-Amz-Target, whatever the path."""

    def __init__(self, definition: Definition, started_at_ms: int) -> None:
        self._definition = definition
        self._started_at_ms = started_at_ms

    def answer(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Carry out the action; raises SqsError."""
        action = (req.get_header("X-Amz-Target") or "").removeprefix(TARGET_PREFIX)
        try:
            request = msgspec.json.decode(req.stream.read() or b"{}", type=_Request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedInput(str(error)) from error
        match action:
            case "GetQueueAttributes":
                body = self._attributes(request)
            case "GetQueueUrl":
                body = self._url(request, f"{req.forwarded_scheme}://{req.forwarded_host}")
            case _:
                raise InvalidAction(f"The action {action} is not served by the local Lambda service.")
        resp.data = msgspec.json.encode(body)
        resp.content_type = MEDIA_TYPE

    def _attributes(self, request: _Request) -> dict[str, Any]:
        if request.queue_url is None:
            raise MissingParameter("QueueUrl")
        queue_id = queue_id_from_url(request.queue_url, self._definition.account_id)
        if queue_id is None:
            raise QueueDoesNotExist
        queue = self._queue(queue_id.account, queue_id.name)
        check_names(request.attribute_names)
        started_at_seconds = str(self._started_at_ms // 1000)
        read_only = {
            "QueueArn": self._definition.queue_arn(queue.name),
            "CreatedTimestamp": started_at_seconds,
            "LastModifiedTimestamp": started_at_seconds,
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        chosen = select(queue.all_attributes() | read_only, request.attribute_names)
        return {"Attributes": chosen} if chosen else {}

    def _url(self, request: _Request, base: str) -> dict[str, Any]:
        if request.queue_name is None:
            raise MissingParameter("QueueName")
        account = request.queue_owner_aws_account_id or self._definition.account_id
        queue = self._queue(account, request.queue_name)
        return {"QueueUrl": f"{base}/{self._definition.account_id}/{queue.name}"}

    def _queue(self, account: str, name: str) -> Queue:
        queue = self._definition.queue(name)
        if queue is None or account != self._definition.account_id:
            raise QueueDoesNotExist
        return queue


def answer_error(_req: falcon.Request, resp: falcon.Response, error: SqsError, _params: dict[str, Any]) -> None:
    """Answer with an error in SQS's JSON protocol."""
    resp.status = error.status
    resp.data = msgspec.json.encode({"__type": f"{error.namespace}#{error.shape}", "message": error.message})
    resp.content_type = MEDIA_TYPE
    resp.set_header("x-amzn-query-error", f"{error.code};{'Sender' if error.is_sender_fault else 'Receiver'}")
