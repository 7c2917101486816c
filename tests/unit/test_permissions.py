"""Statements added to a policy and taken out of it."""

import json
from typing import Any

import pytest

from karin.sqs.errors import InvalidAttributeValue, InvalidParameterValue, MissingParameter, OverLimit, SqsError
from karin.sqs.permissions import GRANTABLE, OWNER_ONLY, add_permission, remove_permission
from tests.wire.query_model import json_model

ARN = "arn:aws:sqs:us-east-1:000000000000:work"
MINE, THEIRS = "111111111111", "222222222222"
BY_HAND = {"Sid": "by-hand", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": ARN}


def add(
    policy: str | None = None,
    label: str | None = "one",
    accounts: tuple[str, ...] = (MINE,),
    actions: tuple[str, ...] = ("SendMessage",),
) -> str:
    return add_permission(policy, ARN, label, accounts, actions)


def refused(error: type[SqsError], policy: str | None = None, **given: Any) -> str:
    with pytest.raises(error) as caught:
        add(policy, **given)
    return caught.value.message


def sids(policy: str) -> list[str]:
    return [statement["Sid"] for statement in json.loads(policy)["Statement"]]


def test_the_first_permission_makes_a_policy() -> None:
    assert add() == (
        f'{{"Version":"2008-10-17","Id":"{ARN}/SQSDefaultPolicy","Statement":[{{"Sid":"one","Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{MINE}:root"}},"Action":"SQS:SendMessage","Resource":"{ARN}"}}]}}'
    )


def test_several_accounts_and_actions_are_lists() -> None:
    [statement] = json.loads(add(accounts=(MINE, THEIRS), actions=("SendMessage", "*")))["Statement"]

    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{MINE}:root", f"arn:aws:iam::{THEIRS}:root"]}
    assert statement["Action"] == ["SQS:SendMessage", "SQS:*"]


def test_permissions_follow_each_other() -> None:
    assert sids(add(add(), "two")) == ["one", "two"]


@pytest.mark.parametrize("statement", [BY_HAND, [BY_HAND]], ids=["bare", "list"])
def test_a_policy_set_by_hand_keeps_what_it_says(statement: object) -> None:
    by_hand = {"Version": "2012-10-17", "Statement": statement}

    changed = json.loads(add(json.dumps(by_hand)))

    assert list(changed) == ["Version", "Statement"]
    assert changed["Version"] == "2012-10-17"
    assert changed["Statement"][0] == BY_HAND
    assert changed["Statement"][1]["Sid"] == "one"


@pytest.mark.parametrize(
    "policy", ["{}", '{"Statement":[]}', '{"Statement":[5,"x",null,{"Sid":1}]}', '{"Statement":7}']
)
def test_a_policy_of_any_form_takes_a_permission_and_gives_it_back(policy: str) -> None:
    before = json.loads(policy).get("Statement", [])

    changed = add(policy)
    left = remove_permission(changed, "one")

    assert json.loads(left)["Statement"] == (before if isinstance(before, list) else [before]) if left else not before


def test_a_label_is_used_once() -> None:
    assert refused(InvalidParameterValue, add(), actions=("DeleteMessage",)) == (
        "Value one for parameter Label is invalid. Reason: Already exists."
    )
    refused(InvalidParameterValue, json.dumps({"Statement": BY_HAND}), label="by-hand")


@pytest.mark.parametrize("label", [None, ""])
def test_a_label_is_needed(label: str | None) -> None:
    assert refused(MissingParameter, label=label) == "The request must contain the parameter Label."


@pytest.mark.parametrize("label", ["a b", "x" * 81, "a.b", "한", "a\n"], ids=ascii)
def test_a_bad_label_is_refused(label: str) -> None:
    assert refused(InvalidParameterValue, label=label) == (
        f"Value {label} for parameter Label is invalid."
        " Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
    )


def test_good_labels_are_accepted() -> None:
    assert sids(add(label="x" * 80)) == ["x" * 80]
    assert sids(add(label="A-b_9")) == ["A-b_9"]


def test_actions_are_needed() -> None:
    assert refused(MissingParameter, actions=()) == "The request must contain the parameter ActionName."


def test_accounts_are_needed() -> None:
    assert refused(MissingParameter, accounts=()) == "The request must contain the parameter PrincipalId."


def test_seven_actions_are_the_most() -> None:
    add(actions=GRANTABLE[:7])
    assert refused(OverLimit, actions=GRANTABLE[:8]) == "8 Actions were found, maximum allowed is 7."


@pytest.mark.parametrize("action", GRANTABLE)
def test_an_action_that_may_be_granted_is_accepted(action: str) -> None:
    assert f'"Action":"SQS:{action}"' in add(actions=(action,))


@pytest.mark.parametrize("action", OWNER_ONLY)
def test_an_action_of_the_owner_is_refused(action: str) -> None:
    assert refused(InvalidParameterValue, actions=("SendMessage", action)) == (
        f"Value SQS:{action} for parameter ActionName is invalid."
        " Reason: Only the queue owner is allowed to invoke this action."
    )


@pytest.mark.parametrize("action", ["", "Nonsense", "sendmessage", "SQS:SendMessage", "SendMessageBatch"])
def test_an_unknown_action_is_refused(action: str) -> None:
    assert refused(InvalidParameterValue, actions=(action,)) == (
        f"Value SQS:{action} for parameter ActionName is invalid."
        " Reason: Please refer to the appropriate WSDL for a list of valid actions. "
    )


def test_every_action_of_sqs_is_granted_or_the_owners_but_for_batches() -> None:
    known = set(json_model()["operations"])

    assert {*GRANTABLE, *OWNER_ONLY} - {"*"} == {action for action in known if not action.endswith("Batch")}


@pytest.mark.parametrize("account", ["", "1", "1" * 13, "11111111111x", "arn:aws:iam::111111111111:root"])
def test_an_account_that_is_none_is_refused(account: str) -> None:
    assert refused(InvalidParameterValue, accounts=(MINE, account)) == (
        f"Value [{MINE}, {account}] for parameter PrincipalId is invalid. Reason: Unable to verify."
    )


def test_twenty_statements_are_the_most() -> None:
    policy: str | None = None
    for number in range(20):
        policy = add(policy, f"label-{number}")

    assert refused(OverLimit, policy) == "21 Statements were found, maximum allowed is 20."


def test_a_policy_does_not_become_too_long() -> None:
    policy = json.dumps({"Statement": [BY_HAND | {"Sid": "x" * 8000}]})

    refused(InvalidAttributeValue, policy)


def test_a_permission_is_removed_by_its_label() -> None:
    policy = add(add(add(), "two"), "three")

    assert sids(remove_permission(policy, "two")) == ["one", "three"]


def test_without_its_last_statement_a_policy_is_none() -> None:
    assert remove_permission(add(), "one") == ""
    assert remove_permission(json.dumps({"Id": "x", "Statement": BY_HAND}), "by-hand") == ""


@pytest.mark.parametrize("policy", [None, "{}", add()])
def test_an_unknown_label_cannot_be_removed(policy: str | None) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        remove_permission(policy, "nobody")

    assert caught.value.message == "Value nobody for parameter Label is invalid. Reason: can't find label."


@pytest.mark.parametrize("label", [None, ""])
def test_removing_needs_a_label(label: str | None) -> None:
    with pytest.raises(MissingParameter):
        remove_permission(add(), label)
