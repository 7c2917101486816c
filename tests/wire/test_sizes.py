"""Sizes: messages and batches at their limits, the longest legal request of each protocol, and what is above."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from karin.clock import SystemClock
from karin.sqs.limits import BATCH_BYTES, BATCH_ENTRIES, GROUP_ID_LENGTH, MESSAGE_ATTRIBUTES, MESSAGE_BYTES
from karin.sqs.message import Message, message_bytes
from karin.sqs.names import QueueId
from karin.store.store import Store
from karin.wsgi.endpoint import MOST_BODY_BYTES
from karin.wsgi.query_protocol import MOST_PARAMETERS
from tests.wire.raw import FORM_TYPE, Answer, ask, ask_json, ask_query, query
from tests.wire.sdk import ACCOUNT, BATCH_TOO_LONG, CORAL, INVALID_PARAMETER, Fault, Protocol, SqsClient

FIFO = QueueId(ACCOUNT, "work.fifo")
TOO_LARGE = Fault(CORAL, "RequestEntityTooLargeException", "RequestEntityTooLarge", 413)
TOO_LONG = "One or more parameters are invalid. Reason: Message must be shorter than {} bytes."
TOO_LONG_IN_BATCH = "One or more parameters cannot be validated. Reason: Message must be shorter than {} bytes."
BATCH_TEXT = "Batch requests cannot be longer than 1048576 bytes. You have sent {} bytes."
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:b|" + "x" * 412
MIB = 1024 * 1024

Waiting = Callable[[], list[Message]]


def binary(length: int) -> dict[str, Any]:
    """Return a binary attribute; what SQS counts of it is 6 bytes of type and the value's own."""
    return {"DataType": "Binary", "BinaryValue": b"\xff" * length}


def string(value: str) -> dict[str, Any]:
    """Return a text attribute; what SQS counts of it is 6 bytes of type and the value's in UTF-8."""
    return {"DataType": "String", "StringValue": value}


# Each with the body and the attributes of a message whose size is 1,024 bytes as SQS counts it.
OF_1024_BYTES: dict[str, tuple[str, dict[str, Any]]] = {
    "body": ("x" * 1024, {}),
    "a body in Korean": ("한" * 341 + "x", {}),
    "a body beyond the basic plane": ("👋" * 256, {}),
    "a string": ("x", {"a": string("v" * 1016)}),
    "a string in Korean": ("x", {"a": string("한" * 338 + "xx")}),
    "a binary": ("x", {"a": binary(1016)}),
    "a name": ("x" * 761, {"n" * 256: string("v")}),
    "a type": ("x" * 766, {"a": {"DataType": "String." + "t" * 249, "StringValue": "v"}}),
    "a number": ("x" * 1014, {"a": {"DataType": "Number", "StringValue": "100"}}),
    "ten attributes": ("x" * 14, {f"{number}": string("v" * 94) for number in range(10)}),
}


@pytest.mark.parametrize("kind", OF_1024_BYTES)
def test_a_message_is_as_long_as_its_body_and_the_names_types_and_values_of_its_attributes(
    client: SqsClient, waiting: Waiting, kind: str
) -> None:
    url = client.create("work", MaximumMessageSize="1024")
    body, attributes = OF_1024_BYTES[kind]
    longer = {"MessageBody": f"{body}x", "MessageAttributes": attributes}

    client.call("SendMessage", QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    [message] = waiting()
    assert message_bytes(message.body, message.attributes) == 1024
    assert client.refused("SendMessage", INVALID_PARAMETER, QueueUrl=url, **longer) == TOO_LONG.format(1024)
    [failed] = client.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "a", **longer}])["Failed"]
    assert failed["Message"] == TOO_LONG_IN_BATCH.format(1024)


@pytest.mark.parametrize("limit", [1024, 262_144, MESSAGE_BYTES])
def test_a_message_may_be_exactly_as_long_as_its_queue_allows(client: SqsClient, waiting: Waiting, limit: int) -> None:
    url = client.create("work", MaximumMessageSize=str(limit))

    client.call("SendMessage", QueueUrl=url, MessageBody="x" * limit)
    client.call("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={"a": binary(limit - 8)})

    for more in (
        {"MessageBody": "x" * (limit + 1)},
        {"MessageBody": "x", "MessageAttributes": {"a": binary(limit - 7)}},
        {"MessageBody": "x", "MessageAttributes": {"a": string("v" * (limit - 7))}},
    ):
        assert client.refused("SendMessage", INVALID_PARAMETER, QueueUrl=url, **more) == TOO_LONG.format(limit)
    assert len(waiting()) == 2


def test_a_batch_may_be_exactly_as_long_as_one_message_whatever_it_is_made_of(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    tenth = BATCH_BYTES // 10 - 8
    entries = [{"Id": f"{place}", "MessageBody": "x", "MessageAttributes": {"a": binary(tenth)}} for place in range(10)]
    left = BATCH_BYTES - 10 * (tenth + 8)
    fits = [*entries[:9], entries[9] | {"MessageBody": "x" * (1 + left)}]
    longer = [*entries[:9], entries[9] | {"MessageBody": "x" * (2 + left)}]

    assert len(client.call("SendMessageBatch", QueueUrl=queue_url, Entries=fits)["Successful"]) == 10
    said = client.refused("SendMessageBatch", BATCH_TOO_LONG, QueueUrl=queue_url, Entries=longer)

    assert said == BATCH_TEXT.format(BATCH_BYTES + 1)
    assert len(waiting()) == 10


def test_ids_groups_and_trace_headers_do_not_count(client: SqsClient, waiting: Waiting) -> None:
    url = client.create("work", MaximumMessageSize="1024")
    more = {"MessageGroupId": "g" * GROUP_ID_LENGTH, "MessageSystemAttributes": {"AWSTraceHeader": string(TRACE)}}

    client.call("SendMessage", QueueUrl=url, MessageBody="x" * 1024, **more)
    client.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "i" * 80, "MessageBody": "x" * 1024, **more}])

    assert len(waiting()) == 2


# The longest legal request: characters that are written six times as long as they are, or, in base64, eight times.


def longest_batch(deduplication: str) -> dict[str, Any]:
    """Return the parameters of the legal batch that is longest in JSON: all there may be of it is binary, and ids."""
    number = BATCH_ENTRIES * MESSAGE_ATTRIBUTES
    for_values = BATCH_BYTES - BATCH_ENTRIES - number * len("0Binary")
    lengths = [for_values // number] * (number - 1)
    lengths.append(for_values - sum(lengths))
    entries = [
        {
            "Id": f"{place:080d}",
            "MessageBody": "x",
            "DelaySeconds": 0,
            "MessageGroupId": "g" * GROUP_ID_LENGTH,
            "MessageDeduplicationId": deduplication * (GROUP_ID_LENGTH - 1) + str(place),
            "MessageAttributes": {
                str(attribute): {
                    "DataType": "Binary",
                    "BinaryValue": base64.b64encode(b"\xff" * lengths[place * MESSAGE_ATTRIBUTES + attribute]).decode(),
                }
                for attribute in range(MESSAGE_ATTRIBUTES)
            },
            "MessageSystemAttributes": {"AWSTraceHeader": string(TRACE)},
        }
        for place in range(BATCH_ENTRIES)
    ]
    return {"QueueUrl": f"https://{'h' * 250}/{ACCOUNT}/work.fifo", "Entries": entries}


def escaped(value: Any) -> str:
    """Return JSON in which every character of every text, names of members included, is written as ``\\uXXXX``."""
    if isinstance(value, str):
        return f'"\\u{value.encode("utf-16-be").hex("|", 2)}"'.replace("|", "\\u") if value else '""'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{escaped(name)}:{escaped(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(escaped(item) for item in value) + "]"
    return json.dumps(value)


def flattened(batch: dict[str, Any]) -> dict[str, str]:
    """Return a batch as Query parameters."""
    parameters = query("SendMessageBatch", QueueUrl=batch["QueueUrl"])
    for place, entry in enumerate(batch["Entries"], start=1):
        start = f"SendMessageBatchRequestEntry.{place}"
        for name, value in entry.items():
            if not isinstance(value, dict):
                parameters[f"{start}.{name}"] = str(value)
                continue
            for number, (key, attribute) in enumerate(value.items(), start=1):
                parameters[f"{start}.{name[:-1]}.{number}.Name"] = key
                parameters |= {f"{start}.{name[:-1]}.{number}.Value.{part}": text for part, text in attribute.items()}
    return parameters


def percent_encoded(parameters: Mapping[str, str]) -> bytes:
    """Return a form in which every byte, names included, is written as ``%XX``."""

    def encoded(text: str) -> str:
        return f"%{text.encode().hex('%')}" if text else ""

    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in parameters.items()).encode()


def ask_longest(endpoint: str, protocol: Protocol) -> tuple[int, Answer]:
    """Send the longest legal request of a protocol; return its length and the answer."""
    batch = longest_batch("d")
    if protocol == "json":
        body = escaped(batch).encode()
        return len(body), ask_json(endpoint, "SendMessageBatch", body)
    body = percent_encoded(flattened(batch))
    return len(body), ask(endpoint, "POST", "/", body, {"Content-Type": FORM_TYPE})


def test_the_longest_legal_request_of_each_protocol_is_taken(work: str, store: Store, protocol: Protocol) -> None:
    attributes = {"FifoQueue": "true"}
    assert ask_json(work, "CreateQueue", {"QueueName": FIFO.name, "Attributes": attributes}).status == 200

    length, answer = ask_longest(work, protocol)

    assert answer.status == 200, answer.body[:500]
    assert (8 if protocol == "json" else 4) * MIB < length < MOST_BODY_BYTES - MIB // 2
    claim = store.messages.claim(FIFO, SystemClock().now_ms() + 60_000, most=10, most_bytes=2 * MIB)
    assert len(claim.messages) == BATCH_ENTRIES
    sizes = [message_bytes(one.message.body, one.message.attributes) for one in claim.messages]
    assert sum(sizes) == BATCH_BYTES


def test_the_largest_number_of_legal_parameters_is_far_below_what_is_read() -> None:
    assert len(flattened(longest_batch("d"))) < 400 < MOST_PARAMETERS // 4


@pytest.mark.parametrize("character", ["\t", "x", "é", "한", "👋"], ids=ascii)
def test_a_message_of_one_mebibyte_may_be_escaped_throughout(
    work: str, waiting: Waiting, protocol: Protocol, character: str
) -> None:
    body = (character * MESSAGE_BYTES)[: MESSAGE_BYTES // len(character.encode())]
    parameters = {"QueueUrl": "work", "MessageBody": body}

    if protocol == "json":
        answer = ask_json(work, "SendMessage", escaped(parameters).encode())
    else:
        form = percent_encoded(query("SendMessage", **parameters))
        answer = ask(work, "POST", "/", form, {"Content-Type": FORM_TYPE})

    assert answer.status == 200
    assert [message.body for message in waiting()] == [body]


@pytest.mark.parametrize("character", ['"', "\r", "\r\n", "&", "<", "한", "👋"], ids=ascii)
def test_a_message_of_one_mebibyte_comes_back_as_it_was_sent(client: SqsClient, queue_url: str, character: str) -> None:
    body = (character * MESSAGE_BYTES)[: MESSAGE_BYTES // len(character.encode()) * len(character)]

    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody=body)
    [received] = client.call("ReceiveMessage", QueueUrl=queue_url)["Messages"]

    assert received["Body"] == body
    assert received["MD5OfBody"] == sent["MD5OfMessageBody"]


def test_a_request_of_exactly_the_most_bytes_is_read_and_one_more_is_not(work: str, protocol: Protocol) -> None:
    send = {"QueueUrl": "work", "MessageBody": "x"}
    if protocol == "json":
        start = json.dumps(send).encode()
        padded, headers = start.ljust(MOST_BODY_BYTES), {"X-Amz-Target": "AmazonSQS.SendMessage"}
    else:
        start = urlencode(query("SendMessage", **send)).encode() + b"&Ignored="
        padded, headers = start.ljust(MOST_BODY_BYTES, b"x"), {"Content-Type": FORM_TYPE}

    assert ask(work, "POST", "/", padded, headers).status == 200
    said = ask(work, "POST", "/", padded + b" ", headers).check(TOO_LARGE)

    assert said == f"Request bodies must not be longer than {MOST_BODY_BYTES} bytes."


def test_a_message_far_above_the_limit_is_refused_as_too_large_and_not_tried_again(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    said = client.refused("SendMessage", TOO_LARGE, QueueUrl=queue_url, MessageBody="x" * (MOST_BODY_BYTES + 1))

    assert said == f"Request bodies must not be longer than {MOST_BODY_BYTES} bytes."
    assert waiting() == []


def test_a_name_of_very_many_parts_is_ignored(work: str) -> None:
    parameters = query("SendMessage", QueueUrl="work", MessageBody="x") | {
        f"MessageAttribute.{'a.' * 1_000_000}": "x",
        "." * 100_000: "y",
    }

    assert ask_query(work, parameters).status == 200
