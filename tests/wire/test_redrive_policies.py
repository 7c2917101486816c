"""RedrivePolicy and RedriveAllowPolicy: what they may say when a queue is created, and when it is changed."""

import json
from typing import Any

import pytest

from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, QUEUE_NAME_EXISTS, SqsClient

FIFO = {"FifoQueue": "true"}


def redrive(target: str = "dead", count: object = 3, **more: Any) -> dict[str, str]:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{target}"
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count} | more)}


def test_a_redrive_policy_is_kept_as_compact_json(client: SqsClient) -> None:
    client.create("dead")

    url = client.create("work", **redrive(count=3))

    assert client.attributes(url)["RedrivePolicy"] == (
        f'{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:{ACCOUNT}:dead","maxReceiveCount":3}}'
    )


def test_a_redrive_policy_may_name_its_own_queue(client: SqsClient) -> None:
    url = client.create("work", **redrive("work"))

    assert json.loads(client.attributes(url)["RedrivePolicy"])["maxReceiveCount"] == 3


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        (redrive(count=4), "RedrivePolicy"),
        (redrive("other"), "RedrivePolicy"),
        (redrive() | {"DelaySeconds": "1"}, "DelaySeconds"),
        ({"DelaySeconds": "1"} | redrive("other"), "DelaySeconds"),
    ],
    ids=["count", "target", "another attribute", "both"],
)
def test_a_queue_with_another_redrive_policy_differs_by_a_real_attribute(
    client: SqsClient, attributes: dict[str, str], named: str
) -> None:
    for name in ("dead", "other"):
        client.create(name)
    url = client.create("work", **redrive())

    said = client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", Attributes=attributes)

    assert said == f"A queue already exists with the same name and a different value for attribute {named}"
    assert client.create("work", **redrive()) == url
    assert client.create("work") == url


@pytest.mark.parametrize("count", [1, 1000, "42"])
def test_a_receive_count_in_range_is_accepted_also_as_a_string(client: SqsClient, count: object) -> None:
    client.create("dead")

    client.create("work", **redrive(count=count))


@pytest.mark.parametrize("count", [0, 1001, -1, "x", None, True, 1.5, [1]], ids=str)
def test_a_receive_count_out_of_range_is_refused(client: SqsClient, count: object) -> None:
    client.create("dead")

    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes=redrive(count=count))


def arn_of(name: str, service: str = "sqs", account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:us-east-1:{account}:{name}"


@pytest.mark.parametrize(
    ("queue", "policy", "reason"),
    [
        ("work", {"deadLetterTargetArn": arn_of("nobody"), "maxReceiveCount": 3}, "Dead letter target does not exist."),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead")},
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
        ),
        (
            "work",
            {"maxReceiveCount": 3},
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        ),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead"), "maxReceiveCount": 0},
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead"), "maxReceiveCount": 3, "more": 1},
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        ),
        (
            "work",
            {"deadLetterTargetArn": "dead", "maxReceiveCount": 3},
            "Dead-letter target ARN should be fully qualified ARN.",
        ),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead", "sns"), "maxReceiveCount": 3},
            "Only SQS queues are valid resources for deadLetterTargetArn.",
        ),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead.fifo"), "maxReceiveCount": 3},
            "Dead-letter queue must be same type of queue as the source..",
        ),
        (
            "work.fifo",
            {"deadLetterTargetArn": arn_of("dead"), "maxReceiveCount": 3},
            "Dead-letter queue must be same type of queue as the source..",
        ),
        (
            "work",
            {"deadLetterTargetArn": arn_of("dead", account="111111111111"), "maxReceiveCount": 3},
            "Dead-letter target owner should be same as the source.",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_redrive_policy_is_refused_with_its_reason_at_create_and_set(
    client: SqsClient, queue: str, policy: dict[str, Any], reason: str
) -> None:
    client.create("dead")
    client.create("dead.fifo", **FIFO)
    kind = FIFO if queue.endswith(".fifo") else {}
    text = json.dumps(policy, separators=(",", ":"))

    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName=queue, Attributes=kind | {"RedrivePolicy": text})
    assert said == f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"

    url = client.create(queue, **kind)
    assert said == client.refused(
        "SetQueueAttributes", INVALID_PARAMETER, QueueUrl=url, Attributes={"RedrivePolicy": text}
    )
    assert "RedrivePolicy" not in client.attributes(url)


def test_a_fifo_queue_has_a_fifo_queue_for_dead_letters(client: SqsClient) -> None:
    client.create("dead.fifo", **FIFO)

    url = client.create("work.fifo", **FIFO, **redrive("dead.fifo"))

    assert json.loads(client.attributes(url)["RedrivePolicy"])["deadLetterTargetArn"] == arn_of("dead.fifo")


@pytest.mark.parametrize("policy", ["x", "[]", '"text"', "1", "null"])
def test_a_redrive_policy_that_is_no_json_map_is_refused(client: SqsClient, policy: str) -> None:
    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes={"RedrivePolicy": policy})

    assert said == "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map."


CANNOT_ALLOW = "Amazon SQS can't create the redrive allow policy"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            {"redrivePermission": "byQueue"},
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            {"redrivePermission": "allowAll", "sourceQueueArns": [arn_of("work")]},
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of("work")] * 11},
            "The maximum number of source queue ARNs you can specify is 10.",
        ),
    ],
    ids=["no sources", "sources of all", "eleven"],
)
def test_a_wrong_redrive_allow_policy_is_refused_with_its_reason(
    client: SqsClient, policy: dict[str, Any], reason: str
) -> None:
    text = json.dumps(policy)

    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName="dead", Attributes={"RedriveAllowPolicy": text})

    assert said == f"Value {text} for parameter RedriveAllowPolicy is invalid. Reason: {CANNOT_ALLOW}. {reason}"


@pytest.mark.parametrize("policy", ["x", "[]", "{}", '{"redrivePermission":"some"}', '{"redrivePermission":null}'])
def test_a_redrive_allow_policy_of_another_form_is_refused(client: SqsClient, policy: str) -> None:
    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName="dead", Attributes={"RedriveAllowPolicy": policy})

    assert said == (
        f"Invalid value for the parameter RedriveAllowPolicy. Reason: {CANNOT_ALLOW}, as it’s in an unsupported format."
    )


def test_a_dead_letter_queue_may_deny_its_sources(client: SqsClient) -> None:
    client.create("dead", RedriveAllowPolicy='{"redrivePermission": "denyAll"}')

    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes=redrive())
    url = client.create("work")
    client.refused("SetQueueAttributes", INVALID_PARAMETER, QueueUrl=url, Attributes=redrive())
    assert "RedrivePolicy" not in client.attributes(url)


def test_a_dead_letter_queue_may_name_its_sources(client: SqsClient) -> None:
    sources = [f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"]
    policy = {"redrivePermission": "byQueue", "sourceQueueArns": sources}
    url = client.create("dead", RedriveAllowPolicy=json.dumps(policy))

    client.create("work", **redrive())
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="other", Attributes=redrive())
    assert client.attributes(url)["RedriveAllowPolicy"] == json.dumps(policy, separators=(",", ":"))
