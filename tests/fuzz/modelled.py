"""Requests made from botocore's model of SQS: every operation and shape, with values that are right, on the edge, of
another type, missing, too many or absurd. What the server told before (URLs, handles, tokens) is used again.
"""

import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any

from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import READ_ONLY, SETTABLE
from karin.sqs.receipts import Receipt
from tests.fuzz.doors import ATTRIBUTES
from tests.wire.good_requests import ACTIONS, MODEL, arn
from tests.wire.sdk import ACCOUNT

NAMES = ("work", "dead", "moved", "plain", "work.fifo", "dead.fifo", "orders-1")
ODD_TEXTS = (
    "", " ", "\x00", "a\x00b", "\x1f", "\ud800", "\udfff\ud800", "\ufffe", "\uffff", "\U0010ffff",
    "\U0001f600", "\ud55c\uae00",
    "\u202e", "\r\n", "\t", "<a>&amp;]]>", '"', "'", "\\", "%00", "%ff", "../..", "{", "}", "{}", "[]",
    "null", "true", "0", "-1",
    "1e999", "NaN", "9" * 400, "\u0661", "a" * 81, "a" * 257, "a" * 5_000, "All", ".*", "a.*", "*",
    "aws.x", ".a", "a..b", ":", "::::::",
    "arn:aws:sqs:us-east-1:000000000000:", "http://[", "http://h/000000000000/work/../..",
    "000000000000/work", "//", "?",
)  # fmt: skip
ODD_NUMBERS = (
    -1, 0, 1, 9, 10, 11, 20, 21, 59, 60, 500, 501, 899, 900, 901, 1000, 1001, 43_199, 43_200, 43_201,
    1_209_600, 1_209_601,
    2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400,
)  # fmt: skip
ODD_SCALARS = (None, True, False, 0.0, -0.0, 0.5, 1e308, float("nan"), float("inf"), -1.0, 5.0)
BODIES = ("body", '{"a":1}', "\ud55c\uae00", "a\tb\r\nc", "x" * 10_000)
ENTRY_IDS = ("a", "b", "c-1", "d_2")
LARGEST = 1_048_576


@dataclass
class Known:
    """What the server told so far, to be used again."""

    urls: list[str] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def learn(self, answer: Any) -> None:
        """Take in what an answer tells, of any protocol, as botocore reads it."""
        if not isinstance(answer, dict):
            return
        self.urls += [answer["QueueUrl"]] if "QueueUrl" in answer else []
        self.tokens += [answer["NextToken"]] if "NextToken" in answer else []
        self.tasks += [answer["TaskHandle"]] if "TaskHandle" in answer else []
        self.handles += [message["ReceiptHandle"] for message in answer.get("Messages") or ()]


class Maker:
    """Makes the parameters of requests; ``wildness`` is how likely each value is a wrong one."""

    def __init__(self, chance: random.Random, known: Known, wildness: float) -> None:
        self._chance = chance
        self._known = known
        self._wildness = wildness

    def action(self) -> str:
        """Return an action; in tame stories those that keep messages moving come more often."""
        if self._chance.random() < 0.5:
            return self._chance.choice(ACTIONS)
        return self._chance.choice(
            ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "CreateQueue")
        )

    def parameters(self, action: str) -> Any:
        """Return the parameters of a request, seldom of another type than an object."""
        shape = MODEL.operation_model(action).input_shape
        if self._is(0.01):
            return self.anything()
        return self._structure("", shape) if shape else {}

    def anything(self, depth: int = 0) -> Any:
        """Return any JSON value."""
        chance = self._chance
        kind = chance.randrange(7 if depth < 4 else 4)
        if kind == 0:
            return chance.choice(ODD_SCALARS)
        if kind == 1:
            return chance.choice(ODD_NUMBERS)
        if kind in (2, 3):
            return self._odd_text()
        if kind == 4:
            return [self.anything(depth + 1) for _ in range(chance.randrange(4))]
        if kind == 5:
            return {self._odd_text(): self.anything(depth + 1) for _ in range(chance.randrange(4))}
        nested: Any = None
        for _ in range(chance.choice((2, 50, 300))):
            nested = [nested] if chance.random() < 0.5 else {"a": nested}
        return nested

    def _is(self, share: float) -> bool:
        return self._chance.random() < share * self._wildness

    def _structure(self, _name: str, shape: Any) -> dict[str, Any]:
        given = {}
        for name, member in shape.members.items():
            is_wanted = name in shape.required_members
            share = 0.7 if name == "MessageGroupId" else 0.35
            if self._chance.random() < ((1 - 0.1 * self._wildness) if is_wanted else share):
                given[name] = self._value(name, member)
        if self._is(0.15):
            given[self._chance.choice(("Extra", "QueueUrl", "Entries", "Attributes", "__type", ""))] = self.anything()
        return given

    def _value(self, name: str, shape: Any) -> Any:
        if self._is(0.25):
            return self.anything()
        return getattr(self, f"_{shape.type_name}")(name, shape)

    def _list(self, name: str, shape: Any) -> list[Any]:
        count = self._chance.choice((1, 1, 2, 3, 10)) if not self._is(0.3) else self._chance.choice((0, 11, 20, 60))
        items = [self._value(name, shape.member) for _ in range(count)]
        for number, item in enumerate(items):
            if isinstance(item, dict) and "Id" in item and not self._is(0.3):
                item["Id"] = f"id-{number}"
        return items

    def _map(self, name: str, shape: Any) -> dict[str, Any]:
        count = self._chance.choice((0, 1, 2, 3)) if not self._is(0.2) else self._chance.choice((10, 11, 51))
        if name == "Attributes":
            names = self._chance.choices(tuple(ATTRIBUTES), k=count)
            return {one: self._attribute(one) for one in names}
        keys = [
            self._chance.choice(("a", "b.c", "team", "AWSTraceHeader")) if not self._is(0.3) else self._odd_text()
            for _ in range(count)
        ]
        return {key: self._value(key, shape.value) for key in keys}

    def _attribute(self, name: str) -> Any:
        if self._is(0.5):
            return self._chance.choice((str(self._chance.choice(ODD_NUMBERS)), self._odd_text(), self.anything()))
        if name == "RedrivePolicy":
            count = self._chance.choice((1, 2, "5", 1000, 1001))
            return json.dumps({"deadLetterTargetArn": arn(self._chance.choice(NAMES)), "maxReceiveCount": count})
        if name == "RedriveAllowPolicy" and self._chance.random() < 0.5:
            return json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn(self._chance.choice(NAMES))]})
        return str(ATTRIBUTES[name])

    def _integer(self, name: str, _shape: Any) -> Any:
        if self._is(0.5):
            return self._chance.choice(ODD_NUMBERS)
        high = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 20, "MaxNumberOfMessagesPerSecond": 500, "MaxResults": 10}
        low = 0 if name in ("DelaySeconds", "VisibilityTimeout", "WaitTimeSeconds") else 1
        return self._chance.choice((low, low, self._chance.randint(low, high.get(name, 900))))

    def _blob(self, _name: str, _shape: Any) -> Any:
        if self._is(0.3):
            return self._odd_text()
        return base64.b64encode(self._chance.randbytes(self._chance.choice((0, 1, 2, 30)))).decode()

    def _string(self, name: str, _shape: Any) -> str:
        if self._is(0.3):
            return self._odd_text()
        return self._known_text(name)

    def _known_text(self, name: str) -> str:
        chance, known = self._chance, self._known
        if name == "QueueUrl" and known.urls and chance.random() < 0.8:
            return chance.choice(known.urls[-6:])
        if name == "ReceiptHandle" and known.handles and chance.random() < 0.7:
            return chance.choice(known.handles[-8:])
        if name == "MessageBody":
            return "x" * (LARGEST + chance.choice((0, 1))) if chance.random() < 0.001 else chance.choice(BODIES)
        choices: dict[str, tuple[str, ...]] = {
            "QueueUrl": (*NAMES, f"http://h/{ACCOUNT}/work", f"http://h/t/{ACCOUNT}/dead.fifo"),
            "QueueName": NAMES,
            "QueueNamePrefix": ("w", "", "work"),
            "ReceiptHandle": (self._forged(),),
            "TaskHandle": (*known.tasks[-3:], _task_handle(chance)),
            "NextToken": (*known.tokens[-3:], "work"),
            "SourceArn": tuple(arn(one) for one in NAMES),
            "DestinationArn": tuple(arn(one) for one in NAMES),
            "Id": ENTRY_IDS,
            "Label": ("label", "other", "a-1"),
            "AWSAccountIds": ("111111111111", "222222222222"),
            "Actions": ("SendMessage", "*", "ReceiveMessage"),
            "AttributeNames": ("All", *SETTABLE, *READ_ONLY, "ApproximateReceiveCount", "SenderId"),
            "MessageSystemAttributeNames": ("All", "SentTimestamp", "MessageGroupId", "AWSTraceHeader"),
            "MessageAttributeNames": ("All", "a", "b.*", ".*"),
            "DataType": ("String", "Number", "Binary", "String.x", "Number.int"),
            "StringValue": ("value", "5", "1.5e3", "\ud55c"),
            "MessageGroupId": ("g", "h", "group-1"),
            "MessageDeduplicationId": ("d", "e", str(chance.randrange(1000))),
            "ReceiveRequestAttemptId": ("attempt", "other"),
            "QueueOwnerAWSAccountId": (ACCOUNT, "111111111111"),
            "TagKeys": ("team", "a", "b.c"),
        }
        return chance.choice(choices.get(name, ("value", "team", "5")))

    def _forged(self) -> str:
        """Return a handle with a right checksum: it is no secret, so anyone can write one."""
        chance = self._chance
        queue = QueueId(chance.choice((ACCOUNT, "111111111111", "", "}")), chance.choice((*NAMES, "}:due", "")))
        count = chance.choice((0, 1, 2, -1, 2**63, 2**64 - 1))
        at_ms = chance.choice((0, -1, 1_780_000_000_000, 2**63, -(2**63), 2**64 - 1))
        group, sequence = chance.choice((None, "g", "g\x00", "")), chance.choice((None, "1", "x", "9" * 40, ""))
        message_id = "00000000-0000-0000-0000-00000000000" + str(chance.randrange(10))
        return Receipt(queue, message_id, count, at_ms, group, sequence).handle

    def _odd_text(self) -> str:
        chance = self._chance
        if chance.random() < 0.8:
            return chance.choice(ODD_TEXTS)
        return "".join(
            chr(chance.choice((chance.randrange(0x80), chance.randrange(0x110000)))) for _ in range(chance.randrange(8))
        )


def _task_handle(chance: random.Random) -> str:
    said = {"taskId": chance.choice(("a", "", "\x00", " ", "x" * 300)), "sourceArn": arn(chance.choice(NAMES))}
    return base64.b64encode(json.dumps(said).encode()).decode()
