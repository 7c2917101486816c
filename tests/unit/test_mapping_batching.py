"""Filling an event: never over the limit, nothing lost, no message before another of its group."""

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karin.mapping.batching import MOST_EVENT_BYTES, fill
from karin.mapping.event import encode_record, event_of, record_of
from karin.mapping.filters import Filters, compile_filters
from karin.mapping.model import Mapping
from karin.sqs.message import Message, MessageAttribute, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt

QUEUE = QueueId("123456789012", "q.fifo")
MAPPING = Mapping(
    "uuid", "arn:aws:sqs:eu-west-1:123456789012:q.fifo", "arn:aws:lambda:eu-west-1:123456789012:function:f"
)
ALL = Filters()
LETTERS = st.sampled_from(["a", '"', "\\", "\n", "é", "끝", "😀", "\u2028", "\x7f"])


def received(body: str, group_id: str | None = None, **more: object) -> ReceivedMessage:
    message = Message(str(uuid.uuid4()), body, 1_800_000_000_000, group_id=group_id, **more)  # type: ignore[arg-type]
    return ReceivedMessage(message, Receipt(QUEUE, message.message_id, 1, 1_800_000_000_000, group_id), 1)


def bodies(messages: tuple[ReceivedMessage, ...]) -> list[str]:
    return [one.message.body for one in messages]


def bodies_of(event: bytes) -> list[str]:
    return [record["body"] for record in json.loads(event)["Records"]]


messages_strategy = st.lists(
    st.builds(
        lambda letter, length, group: received(letter * length, group),
        LETTERS,
        st.integers(0, 400),
        st.sampled_from([None, "g", "h"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=75)
@given(messages=messages_strategy, most_bytes=st.integers(500, 20_000), keeps=st.sampled_from(["", "a", '"', "끝"]))
def test_an_event_is_within_the_limit_and_taken_filtered_and_left_are_the_claim_in_order(
    messages: list[ReceivedMessage], most_bytes: int, keeps: str
) -> None:
    filters = compile_filters([json.dumps({"body": [{"prefix": keeps}]})]) if keeps else ALL

    batch = fill(messages, MAPPING, filters, most_bytes)

    assert len(batch.event) <= most_bytes or len(batch.taken) == 1
    seen = messages[: len(messages) - len(batch.left)]
    assert tuple(messages[len(seen) :]) == batch.left
    assert [one for one in seen if one in batch.taken] == list(batch.taken)
    assert [one for one in seen if one not in batch.taken] == list(batch.filtered)
    assert batch.event == (
        event_of(encode_record(record_of(one, MAPPING)) for one in batch.taken) if batch.taken else b""
    )
    if batch.left:
        larger = event_of(encode_record(record_of(one, MAPPING)) for one in (*batch.taken, batch.left[0]))
        assert len(larger) > most_bytes, "what is left had no room"
        assert batch.taken, "a claim makes headway"


@given(messages=messages_strategy, most_bytes=st.integers(500, 20_000))
def test_giving_back_what_is_left_delivers_everything_once_and_each_group_in_order(
    messages: list[ReceivedMessage], most_bytes: int
) -> None:
    delivered: list[ReceivedMessage] = []
    left = tuple(messages)
    while left:
        batch = fill(left, MAPPING, ALL, most_bytes)
        delivered += batch.taken
        left = batch.left
    assert delivered == messages


@pytest.mark.parametrize("letter", ['"', "\\", "\n", "끝", "\u2028"])
def test_the_longest_message_fits_whatever_it_consists_of(letter: str) -> None:
    longest = received(letter * (1024 * 1024 // len(letter.encode())), "g" * 128, sender_id="A" * 128)

    batch = fill([longest, longest], MAPPING, ALL)

    assert len(batch.event) <= MOST_EVENT_BYTES
    assert bodies_of(batch.event)[0] == longest.message.body


def test_ten_of_the_longest_messages_are_more_than_one_event() -> None:
    messages = [received("x" * (1024 * 1024)) for _ in range(10)]

    batch = fill(messages, MAPPING, ALL)

    assert (len(batch.taken), len(batch.left)) == (5, 5)
    assert len(batch.event) <= MOST_EVENT_BYTES


def test_a_limit_is_met_to_the_byte() -> None:
    messages = [received("a"), received("b")]
    exactly = len(event_of(encode_record(record_of(one, MAPPING)) for one in messages))

    assert len(fill(messages, MAPPING, ALL, exactly).taken) == 2
    assert len(fill(messages, MAPPING, ALL, exactly - 1).taken) == 1


def test_binary_attributes_count_as_base64() -> None:
    raw = {"raw": MessageAttribute("Binary", binary_value=bytes(900_000))}
    messages = [received("x", attributes=raw) for _ in range(6)]

    batch = fill(messages, MAPPING, ALL)

    assert len(batch.taken) == 5, "1.2 MB each"


def test_messages_that_no_filter_lets_pass_do_not_reach_the_event() -> None:
    filters = compile_filters(['{"body":{"kind":["order"]}}', '{"body":["ping"]}'])
    messages = [received(body) for body in ('{"kind":"order"}', '{"kind":"other"}', "ping", "pong")]

    batch = fill(messages, MAPPING, filters)

    assert bodies_of(batch.event) == bodies(batch.taken) == ['{"kind":"order"}', "ping"]
    assert bodies(batch.filtered) == ['{"kind":"other"}', "pong"]


def test_without_a_message_that_passes_there_is_no_event() -> None:
    batch = fill([received("pong")], MAPPING, compile_filters(['{"body":["ping"]}']))

    assert (batch.event, batch.taken, len(batch.filtered), batch.left) == (b"", (), 1, ())


def test_filters_see_attributes_as_the_function_does() -> None:
    filters = compile_filters(['{"messageAttributes":{"kind":{"stringValue":["order"]}}}'])
    order = received("x", attributes={"kind": MessageAttribute("String", string_value="order")})

    assert bodies(fill([order, received("y")], MAPPING, filters).taken) == ["x"]
