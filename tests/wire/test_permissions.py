"""AddPermission and RemovePermission."""

import json
from typing import Any

import pytest

from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, MISSING_PARAMETER, OVER_LIMIT, Fault, SqsClient

ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
MINE, THEIRS = "111111111111", "222222222222"
EVERY_ACTION = [
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
]


def permission(label: str = "one", accounts: list[str] | None = None, actions: list[str] | None = None) -> Any:
    return {"Label": label, "AWSAccountIds": accounts or [MINE], "Actions": actions or ["SendMessage"]}


def statement(
    label: str = "one", principal: object = f"arn:aws:iam::{MINE}:root", action: object = "SQS:SendMessage"
) -> Any:
    return {"Sid": label, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": ARN}


def policy(client: SqsClient, url: str) -> Any:
    """Return a queue's policy, None when it has none."""
    result = client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])
    return json.loads(result["Attributes"]["Policy"]) if result else None


def test_a_permission_becomes_a_statement_of_the_policy(client: SqsClient, queue_url: str) -> None:
    assert client.call("AddPermission", QueueUrl=queue_url, **permission()) == {}

    assert policy(client, queue_url) == {
        "Version": "2008-10-17",
        "Id": f"{ARN}/SQSDefaultPolicy",
        "Statement": [statement()],
    }
    assert client.attributes(queue_url)["Policy"].startswith('{"Version":"2008-10-17","Id":"arn:')


def test_several_accounts_and_actions_are_lists(client: SqsClient, queue_url: str) -> None:
    client.call(
        "AddPermission", QueueUrl=queue_url, **permission(accounts=[MINE, THEIRS], actions=["SendMessage", "*"])
    )

    principals = [f"arn:aws:iam::{MINE}:root", f"arn:aws:iam::{THEIRS}:root"]
    assert policy(client, queue_url)["Statement"] == [statement("one", principals, ["SQS:SendMessage", "SQS:*"])]


def test_permissions_are_added_and_removed_by_label(client: SqsClient, queue_url: str) -> None:
    for label in ("one", "two"):
        client.call("AddPermission", QueueUrl=queue_url, **permission(label))
    assert policy(client, queue_url)["Statement"] == [statement("one"), statement("two")]

    assert client.call("RemovePermission", QueueUrl=queue_url, Label="one") == {}
    assert policy(client, queue_url)["Statement"] == [statement("two")]

    client.call("RemovePermission", QueueUrl=queue_url, Label="two")
    assert policy(client, queue_url) is None


@pytest.mark.parametrize("is_list", [True, False], ids=["list", "object"])
def test_a_policy_set_by_hand_is_kept(client: SqsClient, queue_url: str, is_list: bool) -> None:
    by_hand = {"Sid": "by-hand", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": ARN}
    document = {"Version": "2012-10-17", "Statement": [by_hand] if is_list else by_hand}
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"Policy": json.dumps(document)})

    client.call("AddPermission", QueueUrl=queue_url, **permission())
    assert policy(client, queue_url) == {"Version": "2012-10-17", "Statement": [by_hand, statement()]}

    client.call("RemovePermission", QueueUrl=queue_url, Label="by-hand")
    assert policy(client, queue_url) == {"Version": "2012-10-17", "Statement": [statement()]}


def test_every_action_may_be_granted_alone(client: SqsClient, queue_url: str) -> None:
    for action in [*EVERY_ACTION, "*"]:
        client.call(
            "AddPermission",
            QueueUrl=queue_url,
            **permission(f"label-{len(action)}-{action[:4].strip('*')}", actions=[action]),
        )

    assert {one["Action"] for one in policy(client, queue_url)["Statement"]} == {
        f"SQS:{action}" for action in [*EVERY_ACTION, "*"]
    }


@pytest.mark.parametrize(
    ("parameters", "fault", "text"),
    [
        (
            permission(),
            INVALID_PARAMETER,
            "Value one for parameter Label is invalid. Reason: Already exists.",
        ),
        (
            permission("a b"),
            INVALID_PARAMETER,
            (
                "Value a b for parameter Label is invalid."
                " Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
            ),
        ),
        (permission() | {"Label": ""}, MISSING_PARAMETER, "The request must contain the parameter Label."),
        (
            permission("two") | {"Actions": []},
            MISSING_PARAMETER,
            "The request must contain the parameter ActionName.",
        ),
        (
            permission("two") | {"AWSAccountIds": []},
            MISSING_PARAMETER,
            "The request must contain the parameter PrincipalId.",
        ),
        (
            permission("two", accounts=[MINE, "nobody"]),
            INVALID_PARAMETER,
            f"Value [{MINE}, nobody] for parameter PrincipalId is invalid. Reason: Unable to verify.",
        ),
        (
            permission("two", actions=["Nonsense"]),
            INVALID_PARAMETER,
            (
                "Value SQS:Nonsense for parameter ActionName is invalid."
                " Reason: Please refer to the appropriate WSDL for a list of valid actions. "
            ),
        ),
        *(
            (
                permission("two", actions=["SendMessage", action]),
                INVALID_PARAMETER,
                (
                    f"Value SQS:{action} for parameter ActionName is invalid."
                    " Reason: Only the queue owner is allowed to invoke this action."
                ),
            )
            for action in ("CreateQueue", "TagQueue", "SetQueueAttributes", "AddPermission", "RemovePermission")
        ),
        (
            permission("two", actions=EVERY_ACTION),
            OVER_LIMIT,
            "8 Actions were found, maximum allowed is 7.",
        ),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else "",
)
def test_a_wrong_permission_is_refused_and_changes_nothing(
    client: SqsClient, queue_url: str, parameters: dict[str, Any], fault: Fault, text: str
) -> None:
    client.call("AddPermission", QueueUrl=queue_url, **permission())
    before = client.attributes(queue_url)

    assert client.refused("AddPermission", fault, QueueUrl=queue_url, **parameters) == text
    assert client.attributes(queue_url) == before


@pytest.mark.parametrize("missing", ["Label", "AWSAccountIds", "Actions"])
def test_a_permission_needs_all_its_parts(client: SqsClient, queue_url: str, missing: str) -> None:
    parameters = {name: value for name, value in permission().items() if name != missing}

    client.refused("AddPermission", MISSING_PARAMETER, QueueUrl=queue_url, **parameters)


def test_a_policy_has_at_most_twenty_statements(client: SqsClient, queue_url: str) -> None:
    full = json.dumps({"Statement": [{"Sid": str(number)} for number in range(20)]})
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"Policy": full})

    said = client.refused("AddPermission", OVER_LIMIT, QueueUrl=queue_url, **permission())

    assert said == "21 Statements were found, maximum allowed is 20."


def test_an_unknown_label_cannot_be_removed(client: SqsClient, queue_url: str) -> None:
    text = "Value nobody for parameter Label is invalid. Reason: can't find label."
    assert client.refused("RemovePermission", INVALID_PARAMETER, QueueUrl=queue_url, Label="nobody") == text

    client.call("AddPermission", QueueUrl=queue_url, **permission())
    assert client.refused("RemovePermission", INVALID_PARAMETER, QueueUrl=queue_url, Label="nobody") == text
    assert policy(client, queue_url)["Statement"] == [statement()]


@pytest.mark.parametrize("parameters", [{}, {"Label": ""}], ids=["absent", "empty"])
def test_removing_a_permission_needs_its_label(client: SqsClient, queue_url: str, parameters: dict[str, str]) -> None:
    said = client.refused("RemovePermission", MISSING_PARAMETER, QueueUrl=queue_url, **parameters)

    assert said == "The request must contain the parameter Label."


def test_a_fifo_queue_has_permissions_too(client: SqsClient) -> None:
    url = client.create("work.fifo", FifoQueue="true")

    client.call("AddPermission", QueueUrl=url, **permission())

    assert policy(client, url)["Statement"][0]["Resource"] == f"{ARN}.fifo"
