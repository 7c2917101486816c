"""Dead-letter policies."""

import json
from typing import Any

import pytest

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.names import QueueId
from karin.sqs.redrive import (
    check_dead_letter_target,
    dead_letter_target,
    normal_redrive_allow_policy,
    normal_redrive_policy,
    read_redrive_policy,
)

ACCOUNT = "000000000000"
DEAD = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
WORK = QueueId(ACCOUNT, "work")
WORK_ARN = WORK.arn("us-east-1")
POLICY = f'{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":3}}'


@pytest.mark.parametrize("count", [1, 3, 1000, "1", "42", "1000"])
def test_a_policy_becomes_compact_json_with_its_target_first(count: object) -> None:
    given = json.dumps({"maxReceiveCount": count, "deadLetterTargetArn": DEAD}, indent=2)

    assert normal_redrive_policy(given) == f'{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":{int(str(count))}}}'


def refused(text: str) -> str:
    with pytest.raises(InvalidParameterValue) as caught:
        normal_redrive_policy(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"deadLetterTargetArn": DEAD}, "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        ({"maxReceiveCount": 1}, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
        (
            {"deadLetterTargetArn": DEAD, "maxReceiveCount": 0},
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            {"deadLetterTargetArn": DEAD, "maxReceiveCount": 1001},
            "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            {"deadLetterTargetArn": DEAD, "maxReceiveCount": 1, "x": 1},
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        ),
        (
            {"deadLetterTargetArn": "dead", "maxReceiveCount": 1},
            "Dead-letter target ARN should be fully qualified ARN.",
        ),
        (
            {"deadLetterTargetArn": "arn:aws:sns:us-east-1:000000000000:dead", "maxReceiveCount": 1},
            "Only SQS queues are valid resources for deadLetterTargetArn.",
        ),
    ],
    ids=str,
)
def test_a_wrong_policy_is_refused_with_its_reason(policy: dict[str, Any], reason: str) -> None:
    text = json.dumps(policy)

    assert refused(text) == f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"


@pytest.mark.parametrize("count", [-1, 1.5, True, None, "", "x", " 1", "1.0", [], "9" * 5000], ids=lambda c: str(c)[:9])
def test_a_receive_count_that_is_no_number_in_range_is_refused(count: object) -> None:
    refused(json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": count}))


@pytest.mark.parametrize("target", [None, 5, "", [], {}, "arn:aws:sqs::1:x"], ids=str)
def test_a_target_that_is_no_queue_is_refused(target: object) -> None:
    refused(json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 1}))


@pytest.mark.parametrize("text", ["x", "", "[]", '"x"', "5", "null", "[" * 100_000], ids=lambda text: text[:9])
def test_a_policy_that_is_no_json_map_is_refused(text: str) -> None:
    assert (
        refused(text)
        == "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map."
    )


def test_the_target_of_a_policy_is_read_back() -> None:
    assert dead_letter_target(POLICY) == QueueId(ACCOUNT, "dead")
    assert read_redrive_policy(POLICY) == (QueueId(ACCOUNT, "dead"), 3)
    assert read_redrive_policy(normal_redrive_policy(POLICY.replace("3", '"42"')))[1] == 42


def check(policy: str = POLICY, source: QueueId = WORK, *, exists: bool = True, allow: str | None = None) -> None:
    check_dead_letter_target(policy, source, source.arn("us-east-1"), target_exists=exists, allow_policy=allow)


def denied(policy: str = POLICY, source: QueueId = WORK, *, exists: bool = True, allow: str | None = None) -> str:
    with pytest.raises(InvalidParameterValue) as caught:
        check(policy, source, exists=exists, allow=allow)
    return caught.value.message.partition("Reason: ")[2]


def test_a_queue_that_exists_may_be_a_target() -> None:
    check()
    check(allow='{"redrivePermission":"allowAll"}')
    check(allow=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [WORK_ARN]}))


def test_a_queue_may_be_its_own_target() -> None:
    check(POLICY.replace("dead", "work").replace("workLetter", "deadLetter"), exists=False)


def test_a_missing_target_is_refused() -> None:
    assert denied(exists=False) == "Dead letter target does not exist."


def test_a_target_of_another_account_is_refused() -> None:
    assert denied(source=QueueId("111111111111", "work")) == ("Dead-letter target owner should be same as the source.")


def test_a_target_of_the_other_type_is_refused() -> None:
    said = "Dead-letter queue must be same type of queue as the source.."

    assert denied(source=QueueId(ACCOUNT, "work.fifo")) == said
    assert denied(POLICY.replace(":dead", ":dead.fifo")) == said
    check(POLICY.replace(":dead", ":dead.fifo"), QueueId(ACCOUNT, "work.fifo"))


@pytest.mark.parametrize(
    "allow",
    [
        {"redrivePermission": "denyAll"},
        {"redrivePermission": "byQueue", "sourceQueueArns": [DEAD]},
    ],
    ids=str,
)
def test_a_target_that_does_not_allow_the_source_is_refused(allow: dict[str, Any]) -> None:
    assert denied(allow=json.dumps(allow))


@pytest.mark.parametrize(
    "policy",
    [
        {"redrivePermission": "allowAll"},
        {"redrivePermission": "denyAll"},
        {"redrivePermission": "byQueue", "sourceQueueArns": [WORK_ARN]},
        {"redrivePermission": "byQueue", "sourceQueueArns": [f"{WORK_ARN}-{number}" for number in range(10)]},
    ],
    ids=lambda policy: policy["redrivePermission"],
)
def test_an_allow_policy_becomes_compact_json(policy: dict[str, Any]) -> None:
    assert normal_redrive_allow_policy(json.dumps(policy, indent=2)) == json.dumps(policy, separators=(",", ":"))


def test_an_allow_policy_names_its_permission_first() -> None:
    policy = {"sourceQueueArns": [WORK_ARN], "redrivePermission": "byQueue"}

    assert normal_redrive_allow_policy(json.dumps(policy)) == (
        f'{{"redrivePermission":"byQueue","sourceQueueArns":["{WORK_ARN}"]}}'
    )


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        [],
        None,
        {},
        {"redrivePermission": "some"},
        {"redrivePermission": ["allowAll"]},
        {"redrivePermission": {}},
        {"redrivePermission": "allowAll", "x": 1},
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "byQueue", "sourceQueueArns": []},
        {"redrivePermission": "byQueue", "sourceQueueArns": "x"},
        {"redrivePermission": "byQueue", "sourceQueueArns": ["x"]},
        {"redrivePermission": "byQueue", "sourceQueueArns": [5]},
        {"redrivePermission": "byQueue", "sourceQueueArns": [WORK_ARN] * 11},
        {"redrivePermission": "allowAll", "sourceQueueArns": [WORK_ARN]},
        {"redrivePermission": "denyAll", "sourceQueueArns": [WORK_ARN]},
    ],
    ids=lambda policy: str(policy)[:60],
)
def test_a_wrong_allow_policy_is_refused(policy: object) -> None:
    with pytest.raises(InvalidParameterValue):
        normal_redrive_allow_policy(policy if isinstance(policy, str) else json.dumps(policy))


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            {"redrivePermission": "byQueue"},
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            {"redrivePermission": "denyAll", "sourceQueueArns": [WORK_ARN]},
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [WORK_ARN] * 11},
            "The maximum number of source queue ARNs you can specify is 10.",
        ),
    ],
    ids=["no sources", "sources of all", "eleven"],
)
def test_a_refused_allow_policy_is_told_why(policy: dict[str, Any], reason: str) -> None:
    text = json.dumps(policy)
    with pytest.raises(InvalidParameterValue) as caught:
        normal_redrive_allow_policy(text)

    assert caught.value.message == (
        f"Value {text} for parameter RedriveAllowPolicy is invalid."
        f" Reason: Amazon SQS can't create the redrive allow policy. {reason}"
    )


def test_an_allow_policy_of_another_format_is_told_so() -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        normal_redrive_allow_policy('{"redrivePermission": "some"}')

    assert caught.value.message == (
        "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy,"
        " as it’s in an unsupported format."
    )
