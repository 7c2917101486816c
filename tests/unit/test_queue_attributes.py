"""Which queue attributes exist, and what they may be."""

import json

import pytest

from karin.sqs.errors import InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue, OverLimit, SqsError
from karin.sqs.queue_attributes import (
    READ_ONLY,
    SETTABLE,
    AttributeValue,
    check_attributes,
    check_names,
    defaults_for,
    select,
)


def check(
    given: dict[str, AttributeValue], *, fifo: bool = False, creating: bool = True, most: int = 900
) -> dict[str, str]:
    return check_attributes(given, fifo=fifo, creating=creating, max_delay_seconds=most)


def refused(
    error: type[SqsError], given: dict[str, AttributeValue], *, fifo: bool = False, creating: bool = True
) -> str:
    with pytest.raises(error) as caught:
        check(given, fifo=fifo, creating=creating)
    return caught.value.message


def test_a_standard_queue_has_the_defaults_of_sqs() -> None:
    assert defaults_for(fifo=False) == {
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "SqsManagedSseEnabled": "true",
        "KmsDataKeyReusePeriodSeconds": "300",
    }


def test_a_fifo_queue_has_four_more() -> None:
    assert defaults_for(fifo=True).items() - defaults_for(fifo=False).items() == {
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "false"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
    }


NUMBERS = [
    ("DelaySeconds", 0, 900),
    ("MaximumMessageSize", 1024, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43_200),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
]


@pytest.mark.parametrize(("name", "low", "high"), NUMBERS)
def test_numbers_are_accepted_up_to_their_limits(name: str, low: int, high: int) -> None:
    for good in (low, high, (low + high) // 2):
        assert check({name: str(good)}) == {name: str(good)}
        assert check({name: good}) == {name: str(good)}


@pytest.mark.parametrize(("name", "low", "high"), NUMBERS)
def test_numbers_out_of_their_range_or_form_are_refused(name: str, low: int, high: int) -> None:
    for bad in (
        low - 1, high + 1, str(low - 1), str(high + 1), " 6", "6 ", "5.0", 5.5, "-45", "+61", "true", True, "", "x",
        "1e2", "٦", "9" * 5000,
    ):  # fmt: skip
        assert refused(InvalidAttributeValue, {name: bad}) == f"Invalid value for the parameter {name}."


def test_a_longer_delay_is_accepted_where_the_setting_allows_it() -> None:
    assert check({"DelaySeconds": "86400"}, most=86400) == {"DelaySeconds": "86400"}
    with pytest.raises(InvalidAttributeValue):
        check({"DelaySeconds": "86401"}, most=86400)


@pytest.mark.parametrize("value", ["true", "True", "TRUE", True])
def test_booleans_are_kept_in_lower_case(value: AttributeValue) -> None:
    assert check({"SqsManagedSseEnabled": value})["SqsManagedSseEnabled"] == "true"
    assert check({"ContentBasedDeduplication": value}, fifo=True) == {"ContentBasedDeduplication": "true"}


@pytest.mark.parametrize("value", ["", "1", "yes", " true", 1])
def test_booleans_of_another_form_are_refused(value: AttributeValue) -> None:
    refused(InvalidAttributeValue, {"SqsManagedSseEnabled": value})


@pytest.mark.parametrize("name", ["Nonsense", "", "delayseconds", "All", *READ_ONLY])
def test_an_unknown_or_read_only_name_is_refused(name: str) -> None:
    assert refused(InvalidAttributeName, {name: "1"}) == f"Unknown Attribute {name}."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FifoQueue", "true", "Unknown Attribute FifoQueue."),
        ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
        (
            "DeduplicationScope",
            "queue",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            "FifoThroughputLimit",
            "perQueue",
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
    ],
)
def test_a_standard_queue_has_no_fifo_attributes(name: str, value: str, said: str) -> None:
    assert refused(InvalidAttributeName, {name: value}) == said


def test_a_fifo_queue_has_them() -> None:
    given: dict[str, AttributeValue] = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "TRUE",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }

    assert check(given, fifo=True) == given | {"ContentBasedDeduplication": "true"}
    assert check({"FifoQueue": "true"}, fifo=True, creating=False) == {"FifoQueue": "true"}


def test_a_fifo_queue_stays_one() -> None:
    assert (
        refused(InvalidAttributeValue, {"FifoQueue": "false"}, fifo=True, creating=False)
        == "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("DeduplicationScope", "Queue"), ("FifoThroughputLimit", ""), ("DeduplicationScope", "perQueue")],
)
def test_a_choice_that_is_none_is_refused(name: str, value: str) -> None:
    assert refused(InvalidAttributeValue, {name: value}, fifo=True) == f"Invalid value for the parameter {name}."


def test_throughput_by_group_needs_deduplication_by_group() -> None:
    for scope in ({}, {"DeduplicationScope": "queue"}):
        said = refused(InvalidAttributeValue, {"FifoThroughputLimit": "perMessageGroupId", **scope}, fifo=True)
        assert said == (
            "Invalid value for the parameter FifoThroughputLimit."
            " Reason: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup."
        )


def test_a_change_of_throughput_alone_is_left_to_the_store_which_knows_the_scope() -> None:
    given: dict[str, AttributeValue] = {"FifoThroughputLimit": "perMessageGroupId"}

    assert check(given, fifo=True, creating=False) == given


@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"])
def test_an_empty_string_removes_what_may_be_absent(name: str) -> None:
    assert check({name: ""}) == {name: ""}


def test_a_kms_key_excludes_the_other_encryption() -> None:
    assert check({"KmsMasterKeyId": "alias/mine"}) == {"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "false"}
    assert check({"SqsManagedSseEnabled": "true"}) == {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": ""}
    assert check({"SqsManagedSseEnabled": "false"}) == {"SqsManagedSseEnabled": "false"}
    assert check({"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "60", "SqsManagedSseEnabled": "false"}) == {
        "KmsMasterKeyId": "k",
        "KmsDataKeyReusePeriodSeconds": "60",
        "SqsManagedSseEnabled": "false",
    }
    assert refused(InvalidAttributeName, {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "True"}) == (
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
    )
    assert check({"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"})["SqsManagedSseEnabled"] == "true"


def test_a_policy_is_a_json_object_of_limited_size() -> None:
    policy = '{ "Statement": [] }'
    assert check({"Policy": policy}) == {"Policy": policy}
    for bad in ("x", "[]", "1", "null", json.dumps({"Id": "x" * 8192}), "[" * 100_000):
        refused(InvalidAttributeValue, {"Policy": bad})


def test_a_policy_has_at_most_twenty_statements() -> None:
    policy = json.dumps({"Statement": [{}] * 21})

    said = "21 statements were found in the submitted policy, max allowed is 20"
    assert refused(InvalidParameterValue, {"Policy": policy}, creating=True) == said
    assert refused(OverLimit, {"Policy": policy}, creating=False) == said


def test_names_that_may_be_asked_for_are_known() -> None:
    check_names(["All", *READ_ONLY, *SETTABLE])
    with pytest.raises(InvalidAttributeName) as caught:
        check_names(["All", "Nonsense"])
    assert caught.value.message == "Unknown Attribute Nonsense."


def test_only_what_is_asked_for_is_selected() -> None:
    attributes = {"A": "1", "B": "2"}

    assert select(attributes, ["B", "C"]) == {"B": "2"}
    assert select(attributes, ["C", "All"]) == attributes
    assert select(attributes, []) == {}


def test_how_long_a_kms_key_is_used_again_is_told_only_beside_the_key() -> None:
    reuse = {"KmsDataKeyReusePeriodSeconds": "300"}

    assert select(reuse, ["All", "KmsDataKeyReusePeriodSeconds"]) == {}
    assert select(reuse | {"KmsMasterKeyId": "k"}, ["KmsDataKeyReusePeriodSeconds"]) == reuse
