"""Query parameters: lists and maps by number, contradictions, and what cannot be read."""

from collections.abc import Callable

import pytest

from karin.sqs.message import Message
from tests.wire.query_model import NAMESPACE
from tests.wire.raw import FORM_TYPE, ask, ask_get, ask_query, query
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_ATTRIBUTE_NAME,
    MALFORMED,
    UNSUPPORTED,
)

Waiting = Callable[[], list[Message]]
QUEUE_PATH = f"/{ACCOUNT}/work"
SEND = {"QueueUrl": "work", "MessageBody": "body"}
FORM = {"Content-Type": FORM_TYPE}


def test_list_items_are_taken_by_their_numbers(work: str) -> None:
    entries = [
        pair
        for place in (10, 2, 33, 1)
        for pair in (
            (f"SendMessageBatchRequestEntry.{place}.Id", f"id-{place}"),
            (f"SendMessageBatchRequestEntry.{place}.MessageBody", "body"),
        )
    ]

    answer = ask_query(work, [("Action", "SendMessageBatch"), ("QueueUrl", "work"), *entries])

    ids = [leaf.text for leaf in answer.xml().iter(f"{{{NAMESPACE}}}Id")]
    assert ids == ["id-1", "id-2", "id-10", "id-33"]


def test_maps_are_taken_by_their_numbers_too(work: str) -> None:
    parameters = query("SetQueueAttributes", QueueUrl="work") | {
        "Attribute.10.Name": "DelaySeconds",
        "Attribute.10.Value": "7",
        "Attribute.3.Value": "60",
        "Attribute.3.Name": "VisibilityTimeout",
    }
    assert ask_query(work, parameters).status == 200

    names = {"AttributeName.7": "DelaySeconds", "AttributeName.0": "VisibilityTimeout"}
    answer = ask_get(work, query("GetQueueAttributes", QueueUrl="work") | names)
    assert sorted(leaf.text or "" for leaf in answer.xml().iter(f"{{{NAMESPACE}}}Value")) == ["60", "7"]


def test_a_lone_list_item_needs_no_number(work: str) -> None:
    answer = ask_query(work, query("GetQueueAttributes", QueueUrl="work", AttributeName="VisibilityTimeout"))

    assert (answer.texts()["Name"], answer.texts()["Value"]) == ("VisibilityTimeout", "30")


def test_a_lone_map_entry_needs_no_number(work: str) -> None:
    parameters = {"Attribute.Name": "DelaySeconds", "Attribute.Value": "7", "Tag.Key": "team", "Tag.Value": "blue"}

    assert ask_query(work, query("SetQueueAttributes", QueueUrl="work") | parameters).status == 200
    assert ask_query(work, query("TagQueue", QueueUrl="work") | parameters).status == 200

    shown = ask_query(work, query("GetQueueAttributes", QueueUrl="work", AttributeName="DelaySeconds")).texts()
    listed = ask_query(work, query("ListQueueTags", QueueUrl="work")).texts()
    assert (shown["Value"], listed["Key"], listed["Value"]) == ("7", "team", "blue")


def test_list_values_of_an_attribute_are_not_supported(work: str) -> None:
    attribute = {
        "MessageAttribute.1.Name": "a",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringListValue.1": "x",
    }

    ask_query(work, query("SendMessage", **SEND) | attribute).check(UNSUPPORTED)


def test_an_attribute_without_a_name_is_unknown(work: str) -> None:
    answer = ask_query(work, query("SetQueueAttributes", QueueUrl="work") | {"Attribute.1.Value": "5"})

    assert answer.check(INVALID_ATTRIBUTE_NAME) == "Unknown Attribute ."


@pytest.mark.parametrize(
    "parameters",
    [
        [("AttributeName.1", "All"), ("AttributeName.1.x", "y")],
        [("AttributeName.1.x", "y"), ("AttributeName.1", "All")],
        [("AttributeName", "All"), ("AttributeName.1", "All")],
        [("AttributeName.1", "All"), ("AttributeName", "All")],
        [("QueueUrl.1", "work")],
    ],
    ids=str,
)
def test_parameters_that_contradict_each_other_are_malformed(work: str, parameters: list[tuple[str, str]]) -> None:
    ask_query(work, [("Action", "GetQueueAttributes"), ("QueueUrl", "work"), *parameters]).check(MALFORMED)


def test_the_same_parameter_twice_is_no_error(work: str) -> None:
    answer = ask_query(work, [("Action", "GetQueueUrl"), ("QueueName", "work"), ("QueueName", "work")])

    assert answer.texts()["QueueUrl"].endswith(QUEUE_PATH)


@pytest.mark.parametrize("seconds", ["x", "", "1.5", "--1"])
def test_a_number_that_is_none_is_malformed(work: str, seconds: str) -> None:
    ask_query(work, query("SendMessage", DelaySeconds=seconds, **SEND)).check(MALFORMED)


@pytest.mark.parametrize("number", ["1" * 5000, "x", "1x", "-1", "²", "٣", "1.2"], ids=lambda number: number[:5])
def test_an_odd_place_in_a_list_is_no_fault_of_the_server(work: str, number: str) -> None:
    answer = ask_query(
        work, [("Action", "GetQueueAttributes"), ("QueueUrl", "work"), (f"AttributeName.{number}", "All")]
    )

    assert answer.status in (200, 400)


def test_too_many_parameters_are_malformed(work: str) -> None:
    parameters = [("Action", "ListQueues"), *((f"p{number}", "x") for number in range(2001))]

    ask_query(work, parameters).check(MALFORMED)
    assert ask_query(work, parameters[:2000]).status == 200


@pytest.mark.parametrize("body", [b"Action=SendMessage&MessageBody=%FF", b"Action=SendMessage&MessageBody=\xff"])
def test_parameters_that_are_not_utf_8_are_malformed(work: str, body: bytes) -> None:
    ask(work, "POST", QUEUE_PATH, body, {"Content-Type": FORM_TYPE}).check(MALFORMED)


def test_a_url_that_is_not_utf_8_is_malformed(work: str) -> None:
    ask(work, "GET", f"{QUEUE_PATH}?Action=SendMessage&MessageBody=%FF").check(MALFORMED)


def test_a_get_request_carries_a_message_in_its_url(work: str, waiting: Waiting) -> None:
    body = "안녕 <&>\r\n+ %"
    attribute = {
        "MessageAttribute.1.Name": "blob",
        "MessageAttribute.1.Value.DataType": "Binary",
        "MessageAttribute.1.Value.BinaryValue": "AQID",
    }

    answer = ask_get(work, query("SendMessage", MessageBody=body, DelaySeconds="5") | attribute, QUEUE_PATH)

    assert answer.status == 200
    [message] = waiting()
    assert (message.body, message.attributes["blob"].binary_value) == (body, b"\x01\x02\x03")


def test_parameters_of_url_and_form_are_taken_together(work: str) -> None:
    answer = ask(work, "POST", "/?Action=GetQueueUrl", b"QueueName=work", {"Content-Type": FORM_TYPE})

    assert answer.texts()["QueueUrl"].endswith(QUEUE_PATH)


def test_a_parameter_of_the_form_wins_over_one_of_the_url(work: str) -> None:
    answer = ask(work, "POST", "/?Action=ListQueues&QueueName=x", b"Action=GetQueueUrl&QueueName=work", FORM)

    assert answer.texts()["QueueUrl"].endswith(QUEUE_PATH)


def test_entries_of_a_batch_are_taken_by_their_numbers_in_every_batch(work: str) -> None:
    for action in ("DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
        entries = [
            pair
            for place in (10, 2, 33, 1)
            for pair in (
                (f"{action}RequestEntry.{place}.ReceiptHandle", f"handle-{place}"),
                (f"{action}RequestEntry.{place}.VisibilityTimeout", "5"),
                (f"{action}RequestEntry.{place}.Id", f"id-{place}"),
            )
        ]

        answer = ask_query(work, [("Action", action), ("QueueUrl", "work"), *entries])

        failed = answer.xml().iter(f"{{{NAMESPACE}}}BatchResultErrorEntry")
        assert [one[0].text for one in failed] == ["id-1", "id-2", "id-10", "id-33"]


def test_tags_and_their_keys_are_taken_by_their_numbers(work: str) -> None:
    tags = {"Tag.7.Value": "7", "Tag.10.Key": "ten", "Tag.7.Key": "seven", "Tag.10.Value": "10", "Tag.2.Key": "two"}
    assert ask_query(work, query("TagQueue", QueueUrl="work") | tags).status == 200
    assert ask_query(work, query("UntagQueue", QueueUrl="work") | {"TagKey.5": "ten", "TagKey.3": "x"}).status == 200

    listed = ask_query(work, query("ListQueueTags", QueueUrl="work")).xml().iter(f"{{{NAMESPACE}}}Tag")
    assert sorted((one[0].text, one[1].text) for one in listed) == [("seven", "7"), ("two", None)]


def test_names_to_receive_are_taken_in_all_their_lists(work: str) -> None:
    attribute = {
        "MessageAttribute.3.Value.StringValue": "x",
        "MessageAttribute.3.Value.DataType": "String",
        "MessageAttribute.3.Name": "three",
        "MessageSystemAttribute.9.Value.StringValue": "Root=1-2",
        "MessageSystemAttribute.9.Name": "AWSTraceHeader",
        "MessageSystemAttribute.9.Value.DataType": "String",
    }
    assert ask_query(work, query("SendMessage", **SEND) | attribute).status == 200
    names = {"MessageSystemAttributeName.4": "AWSTraceHeader", "MessageAttributeName.8": "three", "AttributeName": "x"}

    answer = ask_get(work, query("ReceiveMessage", **names), QUEUE_PATH)

    found = {leaf.text for leaf in answer.xml().iter(f"{{{NAMESPACE}}}Name")}
    assert found == {"AWSTraceHeader", "three"}


def test_text_that_looks_like_another_type_stays_text(work: str, waiting: Waiting) -> None:
    for body in ("null", "true", "5", "1e5"):
        assert ask_query(work, query("SendMessage", QueueUrl="work", MessageBody=body)).status == 200

    assert sorted(message.body for message in waiting()) == ["1e5", "5", "null", "true"]
