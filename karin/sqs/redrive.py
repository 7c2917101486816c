"""Dead-letter queues: what RedrivePolicy and RedriveAllowPolicy may say (SQS developer guide, "Dead-letter queues")."""

import json
from typing import Any

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.limits import MAX_RECEIVE_COUNT, REDRIVE_SOURCES
from karin.sqs.names import QueueId, queue_id_from_arn

_TARGET, _COUNT = "deadLetterTargetArn", "maxReceiveCount"
_PERMISSION, _SOURCES = "redrivePermission", "sourceQueueArns"


def normal_redrive_policy(text: str) -> str:
    """Return a redrive policy as compact JSON, target first and count as a number; raises InvalidParameterValue."""
    policy = _json_map(
        text, "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map."
    )

    def invalid(reason: str) -> InvalidParameterValue:
        return InvalidParameterValue(f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}")

    for name in (_COUNT, _TARGET):
        if name not in policy:
            raise invalid(f"Redrive policy does not contain mandatory attribute: {name}.")
    if set(policy) - {_TARGET, _COUNT}:
        raise invalid("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].")
    count = _whole_number(policy[_COUNT])
    low, high = MAX_RECEIVE_COUNT
    if count is None or not low <= count <= high:
        raise invalid(
            f"Invalid value for maxReceiveCount: {json.dumps(policy[_COUNT])},"
            f" valid values are from {low} to {high} both inclusive."
        )
    target = policy[_TARGET]
    if not isinstance(target, str) or not target.startswith("arn:") or target.count(":") < 5:
        raise invalid("Dead-letter target ARN should be fully qualified ARN.")
    if queue_id_from_arn(target) is None:
        raise invalid("Only SQS queues are valid resources for deadLetterTargetArn.")
    return json.dumps({_TARGET: target, _COUNT: count}, separators=(",", ":"))


def dead_letter_target(redrive_policy: str) -> QueueId:
    """Return the queue that a normalised redrive policy names."""
    return read_redrive_policy(redrive_policy)[0]


def read_redrive_policy(redrive_policy: str) -> tuple[QueueId, int]:
    """Return what a normalised redrive policy says: the dead-letter queue, and how often a message may be received."""
    policy = json.loads(redrive_policy)
    target = queue_id_from_arn(policy[_TARGET])
    if target is None:
        raise ValueError(f"{redrive_policy!r} is not a normalised redrive policy")
    return target, int(policy[_COUNT])


def check_dead_letter_target(
    redrive_policy: str, source: QueueId, source_arn: str, *, target_exists: bool, allow_policy: str | None
) -> None:
    """Refuse a dead-letter target that is missing, of the other type, of another owner, or that does not allow it."""
    target = dead_letter_target(redrive_policy)

    def invalid(reason: str) -> InvalidParameterValue:
        return InvalidParameterValue(f"Value {redrive_policy} for parameter RedrivePolicy is invalid. Reason: {reason}")

    if target.account != source.account:
        raise invalid("Dead-letter target owner should be same as the source.")
    if target == source:
        return
    if not target_exists:
        raise invalid("Dead letter target does not exist.")
    if target.is_fifo != source.is_fifo:
        raise invalid("Dead-letter queue must be same type of queue as the source..")
    allow: dict[str, Any] = json.loads(allow_policy) if allow_policy else {}
    permission = allow.get(_PERMISSION, "allowAll")
    if permission == "denyAll" or (permission == "byQueue" and source_arn not in allow.get(_SOURCES, [])):
        raise invalid("Dead-letter target does not allow this queue as a source.")


def normal_redrive_allow_policy(text: str) -> str:
    """Return a redrive allow policy as compact JSON; raises InvalidParameterValue."""
    unsupported = (
        "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow"
        " policy, as it\u2019s in an unsupported format."
    )
    policy = _json_map(text, unsupported)
    permission, sources = policy.get(_PERMISSION), policy.get(_SOURCES)
    known = set(policy) <= {_PERMISSION, _SOURCES} and permission in ("allowAll", "denyAll", "byQueue")
    if not known or (sources is not None and not _is_list_of_arns(sources)):
        raise InvalidParameterValue(unsupported)

    def invalid(reason: str) -> InvalidParameterValue:
        return InvalidParameterValue(f"Value {text} for parameter RedriveAllowPolicy is invalid. Reason: {reason}")

    if permission == "byQueue" and not sources:
        raise invalid(
            "Amazon SQS can't create the redrive allow policy. When you specify the byQueue permission type, you must"
            " also specify one or more sourceQueueArns values."
        )
    if permission != "byQueue" and sources is not None:
        raise invalid(
            "Amazon SQS can't create the redrive allow policy. To specify one or more source queue ARNs, you must set"
            " redrivePermission to byQueue."
        )
    if sources is not None and len(sources) > REDRIVE_SOURCES:
        raise invalid(
            "Amazon SQS can't create the redrive allow policy. The maximum number of source queue ARNs you can"
            f" specify is {REDRIVE_SOURCES}."
        )
    return json.dumps({name: policy[name] for name in (_PERMISSION, _SOURCES) if name in policy}, separators=(",", ":"))


def _json_map(text: str, otherwise: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidParameterValue(otherwise)
    return value


def _whole_number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_list_of_arns(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(arn, str) and queue_id_from_arn(arn) for arn in value)
