"""A queue of the real SQS: messages are fetched out of it, deleted once they are safe elsewhere, or put into it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from karin.aws.clients import ONE_BY_ONE, AwsClients, queue_url
from karin.aws.problems import AWS_ERRORS, explain
from karin.mapping.outcome import first_line
from karin.sqs.destination import Deposit, Deposited, QueueFacts
from karin.sqs.message import Message, MessageAttribute
from karin.sqs.names import queue_id_from_arn, region_from_arn
from karin.sqs.source import Fetched, SourceFailed, Waiting

T = TypeVar("T")

HIDDEN_SECONDS = 120  # from others while a batch is stored here; if that fails, it shows again
WAIT_SECONDS = 2  # a poll of any length asks all of SQS's servers, one without a wait only some


def find_arn(queue_name: str, region: str, clients: AwsClients) -> str:
    """Return the ARN of a queue that the credentials' own account has in a region; two requests.

    Raises SourceFailed.
    """
    try:
        client = clients.build("sqs", region, ONE_BY_ONE)
        url = client.get_queue_url(QueueName=queue_name)["QueueUrl"]
    except AWS_ERRORS as error:
        raise SourceFailed(explain(error, "sqs:GetQueueUrl")) from error
    try:
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except AWS_ERRORS as error:
        raise SourceFailed(explain(error, "sqs:GetQueueAttributes")) from error
    return str((answer.get("Attributes") or {}).get("QueueArn") or "")


class AwsQueue:
    """One real queue; every method is one request and raises SourceFailed."""

    def __init__(self, queue_arn: str, clients: AwsClients | None = None) -> None:
        queue = queue_id_from_arn(queue_arn)
        self._is_fifo = queue is not None and queue.is_fifo
        self.arn = queue_arn
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

    def facts(self) -> QueueFacts:
        """Return what bears on what it can be sent."""
        names = ["MaximumMessageSize", "MessageRetentionPeriod"]
        answer = self._ask(
            "sqs:GetQueueAttributes",
            lambda client, url: client.get_queue_attributes(QueueUrl=url, AttributeNames=names),
        )
        told, usual = answer.get("Attributes") or {}, QueueFacts()
        return QueueFacts(
            int(told.get("MaximumMessageSize") or usual.max_message_bytes),
            int(told.get("MessageRetentionPeriod") or usual.retention_seconds),
        )

    def send(self, deposits: Sequence[Deposit]) -> list[Deposited]:
        """Send up to ten messages, of a size that one request may have; return what became of each, in order."""
        entries = [{"Id": str(place)} | _entry(deposit, fifo=self._is_fifo) for place, deposit in enumerate(deposits)]
        answer = self._ask(
            "sqs:SendMessage", lambda client, url: client.send_message_batch(QueueUrl=url, Entries=entries)
        )
        became = {one["Id"]: Deposited(one["MessageId"]) for one in answer.get("Successful") or ()}
        for one in answer.get("Failed") or ():
            problem = f"{one.get('Code')}: {first_line(str(one.get('Message') or ''))}"
            became[one["Id"]] = Deposited(problem=problem, is_refused=bool(one.get("SenderFault")))
        untold = Deposited(problem="SQS did not tell what became of it")
        return [became.get(entry["Id"], untold) for entry in entries]

    def _ask(self, action: str, ask: Callable[[Any, str], T]) -> T:
        try:
            if self._client is None:
                self._client = self._clients.build("sqs", region_from_arn(self.arn), ONE_BY_ONE)
            return ask(self._client, queue_url(self._client, self.arn))
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


def _entry(deposit: Deposit, *, fifo: bool) -> dict[str, Any]:
    """Return a message as an entry of SendMessageBatch: all of it that SQS lets a sender say."""
    message = deposit.message
    entry: dict[str, Any] = {"MessageBody": message.body}
    if not fifo:  # a delay of 0 is said, too: the queue there may have one of its own
        entry["DelaySeconds"] = deposit.delay_seconds
    if message.attributes:
        entry["MessageAttributes"] = {name: _attribute(value) for name, value in message.attributes.items()}
    if message.trace_header:
        trace = {"DataType": "String", "StringValue": message.trace_header}
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
    if message.group_id:
        entry["MessageGroupId"] = message.group_id
    if fifo and message.deduplication_id:
        entry["MessageDeduplicationId"] = message.deduplication_id
    return entry


def _attribute(value: MessageAttribute) -> dict[str, Any]:
    if value.binary_value is not None:
        return {"DataType": value.data_type, "BinaryValue": value.binary_value}
    return {"DataType": value.data_type, "StringValue": value.string_value or ""}
