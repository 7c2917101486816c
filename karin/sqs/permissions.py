"""AddPermission and RemovePermission: statements of a queue's policy, each known by its label (SQS API reference)."""

import json
import re
from collections.abc import Sequence
from typing import Any

from karin.sqs.errors import InvalidParameterValue, MissingParameter, OverLimit
from karin.sqs.limits import PERMISSION_ACTIONS, PERMISSION_LABEL_LENGTH, POLICY_STATEMENTS
from karin.sqs.policies import normal_policy

GRANTABLE = (
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
)
# The batch actions are in neither list: whoever may send may send batches, and their own names mean nothing.
OWNER_ONLY = (
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
)
_POLICY_VERSION = "2008-10-17"  # the one that SQS itself writes
_LABEL = re.compile(rf"[A-Za-z0-9_-]{{1,{PERMISSION_LABEL_LENGTH}}}")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


def add_permission(
    policy: str | None, queue_arn: str, label: str | None, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """Return a queue's policy with one statement more: it lets accounts do actions, and is known by its label.

    A policy that was there keeps all it says. Raises MissingParameter, InvalidParameterValue, OverLimit, and
    InvalidAttributeValue when the policy would become too long.
    """
    label = _required_label(label)
    _check_actions(actions)
    _check_accounts(accounts)
    document = json.loads(policy) if policy else {"Version": _POLICY_VERSION, "Id": f"{queue_arn}/SQSDefaultPolicy"}
    statements = _statements(document)
    if any(_is_labelled(statement, label) for statement in statements):
        raise _invalid_label(label, "Already exists.")
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_all([f"arn:aws:iam::{account}:root" for account in accounts])},
            "Action": _one_or_all([f"SQS:{action}" for action in actions]),
            "Resource": queue_arn,
        }
    )
    if len(statements) > POLICY_STATEMENTS:
        raise OverLimit(f"{len(statements)} Statements were found, maximum allowed is {POLICY_STATEMENTS}.")
    return normal_policy(_compact(document | {"Statement": statements}), creating=False)


def remove_permission(policy: str | None, label: str | None) -> str:
    """Return a queue's policy without the statement of a label: an empty string when none is left.

    Raises MissingParameter, and InvalidParameterValue when there is no such statement.
    """
    label = _required_label(label)
    document: dict[str, Any] = json.loads(policy) if policy else {}
    statements = _statements(document)
    left = [statement for statement in statements if not _is_labelled(statement, label)]
    if len(left) == len(statements):
        raise _invalid_label(label, "can't find label.")
    return _compact(document | {"Statement": left}) if left else ""


def _required_label(label: str | None) -> str:
    if not label:
        raise MissingParameter("Label")
    if not _LABEL.fullmatch(label):
        raise _invalid_label(
            label,
            "Can only include alphanumeric characters, hyphens, or underscores."
            f" 1 to {PERMISSION_LABEL_LENGTH} in length.",
        )
    return label


def _check_actions(actions: Sequence[str]) -> None:
    if not actions:
        raise MissingParameter("ActionName")
    if len(actions) > PERMISSION_ACTIONS:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {PERMISSION_ACTIONS}.")
    for action in actions:
        if action in OWNER_ONLY:
            raise _invalid_action(action, "Only the queue owner is allowed to invoke this action.")
        if action not in GRANTABLE:
            # AWS's sentence ends in a space.
            raise _invalid_action(action, "Please refer to the appropriate WSDL for a list of valid actions. ")


def _check_accounts(accounts: Sequence[str]) -> None:
    if not accounts:
        raise MissingParameter("PrincipalId")
    if not all(_ACCOUNT.fullmatch(account) for account in accounts):
        raise InvalidParameterValue(
            f"Value [{', '.join(accounts)}] for parameter PrincipalId is invalid. Reason: Unable to verify."
        )


def _invalid_label(label: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {label} for parameter Label is invalid. Reason: {reason}")


def _invalid_action(action: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}")


def _statements(document: dict[str, Any]) -> list[Any]:
    """Return a policy's statements as a list of its own: a policy set by hand may have a single one, bare."""
    statements = document.get("Statement", [])
    return list(statements) if isinstance(statements, list) else [statements]


def _is_labelled(statement: object, label: str) -> bool:
    return isinstance(statement, dict) and statement.get("Sid") == label


def _one_or_all(texts: list[str]) -> str | list[str]:
    """Return what AWS writes for one value, or for several."""
    return texts[0] if len(texts) == 1 else texts


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
