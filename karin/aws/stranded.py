"""Fetching messages out of a real SQS queue: receive, and delete once they are safe elsewhere."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from karin.aws.clients import ONE_BY_ONE, AwsClients, queue_url
from karin.aws.problems import AWS_ERRORS, explain
from karin.sqs.message import Message, MessageAttribute
from karin.sqs.names import region_from_arn
from karin.sqs.source import Fetched, SourceFailed, Waiting

T = TypeVar("T")

HIDDEN_SECONDS = 120  # from others while a batch is stored here; if that fails, it shows again
WAIT_SECONDS = 2  # a poll of any length asks all of SQS's servers, one without a wait only some


class AwsQueue:
    """One real queue; every method is one request and raises SourceFailed."""

    def __init__(self, queue_arn: str, clients: AwsClients | None = None) -> None:
        self._queue_arn = queue_arn
        self._clients = clients or AwsClients()
        self._client: Any = None

    def waiting(self) -> Waiting:
        """Return how many messages there are, as far as AWS can tell at once."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        names.append("ApproximateNumberOfMessagesNotVisible")
        answer = self._ask(
            "sqs:GetQueueAttributes",
            lambda client, url: client.get_queue_attributes(QueueUrl=url, AttributeNames=names),
        )
        told = answer.get("Attributes") or {}
        return Waiting(*(int(told.get(name) or 0) for name in names))

    def receive(self) -> list[Fetched]:
        """Return up to ten messages, none when there are no more to be had now."""
        answer = self._ask(
            "sqs:ReceiveMessage",
            lambda client, url: client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=WAIT_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ),
        )
        return [Fetched(_message(entry), entry["ReceiptHandle"]) for entry in answer.get("Messages") or ()]

    def delete(self, receipt_handles: Sequence[str]) -> int:
        """Delete up to ten messages; return how many AWS did not delete."""
        entries = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(receipt_handles)]
        answer = self._ask(
            "sqs:DeleteMessage", lambda client, url: client.delete_message_batch(QueueUrl=url, Entries=entries)
        )
        return len(answer.get("Failed") or ())

    def _ask(self, action: str, ask: Callable[[Any, str], T]) -> T:
        try:
            if self._client is None:
                self._client = self._clients.build("sqs", region_from_arn(self._queue_arn), ONE_BY_ONE)
            return ask(self._client, queue_url(self._client, self._queue_arn))
        except AWS_ERRORS as error:
            raise SourceFailed(explain(error, action)) from error


def _message(entry: dict[str, Any]) -> Message:
    """Return a message as it was sent there: same id, same instant."""
    system = entry.get("Attributes") or {}
    return Message(
        message_id=entry["MessageId"],
        body=entry["Body"],
        sent_at_ms=int(system["SentTimestamp"]),
        sender_id=system.get("SenderId") or "",
        attributes={
            name: MessageAttribute(
                value.get("DataType"), string_value=value.get("StringValue"), binary_value=value.get("BinaryValue")
            )
            for name, value in (entry.get("MessageAttributes") or {}).items()
        },
        trace_header=system.get("AWSTraceHeader"),
        group_id=system.get("MessageGroupId"),
        deduplication_id=system.get("MessageDeduplicationId"),
        dead_letter_source_arn=system.get("DeadLetterQueueSourceArn"),
    )
