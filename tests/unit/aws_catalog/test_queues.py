"""The attributes of the mapped queues and of their dead-letter queues."""

import pytest

from karin.aws.catalog import AwsCatalog
from karin.mapping.model import MappedQueue
from karin.sqs.names import QueueId
from tests.unit.aws_catalog.control_plane import (
    ACCOUNT,
    REGION,
    ControlPlane,
    mapping,
    queue_arn,
    redrive_policy,
    refusal,
)


def test_a_queue_that_aws_does_not_describe_costs_its_attributes_and_a_warning(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "denied"), mapping("2", "fine"), mapping("3", "missing")])
    aws.attributes |= {
        "denied": (403, refusal("com.amazon.coral.service#AccessDeniedException")),
        "fine": (200, {"Attributes": {"DelaySeconds": "1"}}),
        "missing": (400, refusal("com.amazonaws.sqs#QueueDoesNotExist")),
    }

    snapshot = AwsCatalog().read(1, REGION)

    assert [queue.attributes for queue in snapshot.queues] == [None, {"DelaySeconds": "1"}, None]
    consequence = "karin uses SQS defaults"
    said = "AWS did not tell its attributes"
    allow, deploy = "allow sqs:GetQueueAttributes", "deploy the queue or remove its mapping"
    assert snapshot.warnings == (
        f"queue {ACCOUNT}/denied: {said} (AccessDeniedException: {allow}); {consequence}",
        f"queue {ACCOUNT}/missing: {said} (QueueDoesNotExist: {deploy}); {consequence}",
    )


def test_the_dead_letter_queues_that_mapped_queues_name_are_read_too_and_come_first(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a"), mapping("2", "b"), mapping("3", "c"), mapping("4", "self")])
    attributes = {
        "a": redrive_policy(queue_arn("dead")),
        "b": redrive_policy(queue_arn("dead")),
        "c": redrive_policy(queue_arn("a")),  # it is mapped itself
        "self": redrive_policy(queue_arn("self")),
        "dead": redrive_policy(queue_arn("dead-of-dead")),  # nobody delivers from it, so nothing moves on
    }
    aws.attributes |= {name: (200, {"Attributes": given}) for name, given in attributes.items()}

    snapshot = AwsCatalog().read(1, REGION)

    names = ["dead", "a", "b", "c", "self"]
    assert snapshot.queues == tuple(MappedQueue(queue_arn(name), attributes[name], 1) for name in names)
    assert snapshot.warnings == ()
    assert sum(call.endswith("/dead") for call in aws.calls) == 1
    assert snapshot.mappings_of(QueueId(ACCOUNT, "dead")) == ()


def test_queues_that_are_known_are_not_asked_about_again(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a"), mapping("2", "b")])
    known = [MappedQueue(queue_arn("a"), redrive_policy(queue_arn("dead")), 5), MappedQueue(queue_arn("dead"), {}, 5)]

    snapshot = AwsCatalog().read(9, REGION, known)

    assert snapshot.queues == (known[1], known[0], MappedQueue(queue_arn("b"), {}, 9))
    assert [call for call in aws.calls if call.endswith(("/a", "/b", "/dead"))] == [f"{aws.url}/{ACCOUNT}/b"]


def test_a_dead_letter_queue_that_aws_does_not_describe_is_kept_with_a_warning(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a")])
    aws.attributes |= {
        "a": (200, {"Attributes": redrive_policy(queue_arn("dead"))}),
        "dead": (403, refusal("com.amazon.coral.service#AccessDeniedException")),
    }

    snapshot = AwsCatalog().read(1, REGION)

    assert [(queue.arn, queue.attributes is None) for queue in snapshot.queues] == [
        (queue_arn("dead"), True), (queue_arn("a"), False),
    ]  # fmt: skip
    [warning] = snapshot.warnings
    assert warning.startswith(f"queue {ACCOUNT}/dead: AWS did not tell its attributes (AccessDeniedException")


@pytest.mark.parametrize(
    "policy",
    ["", "no json", "[]", "7", "{}", '{"deadLetterTargetArn":7}', '{"deadLetterTargetArn":"arn:aws:sns:x:1:y"}'],
)
def test_a_redrive_policy_that_names_no_queue_is_passed_over(aws: ControlPlane, policy: str) -> None:
    aws.list_mappings([mapping("1", "a")])
    aws.attributes["a"] = 200, {"Attributes": {"RedrivePolicy": policy}}

    assert [queue.arn for queue in AwsCatalog().read(1, REGION).queues] == [queue_arn("a")]
