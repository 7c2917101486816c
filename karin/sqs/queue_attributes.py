"""Queue attributes: which exist, their defaults and ranges, and how they are shown (SQS API, SetQueueAttributes).

Values are strings in both directions. A queue stores every attribute it has, defaults included, so that nothing else
needs to know a default; an attribute set to an empty string is removed.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from karin.sqs import limits
from karin.sqs.errors import InvalidAttributeName, InvalidAttributeValue
from karin.sqs.policies import normal_policy
from karin.sqs.redrive import normal_redrive_allow_policy, normal_redrive_policy

ALL = "All"
READ_ONLY = (
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
FIFO_ONLY = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
REMOVABLE = ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId")

STANDARD_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(limits.MESSAGE_BYTES),
    "MessageRetentionPeriod": str(limits.DEFAULT_RETENTION_SECONDS),
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": str(limits.DEFAULT_VISIBILITY_SECONDS),
    "SqsManagedSseEnabled": "true",
    "KmsDataKeyReusePeriodSeconds": str(limits.DEFAULT_KMS_REUSE_SECONDS),
}
FIFO_DEFAULTS = STANDARD_DEFAULTS | {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}

AttributeValue = str | int | float | bool
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)


def text_of(value: AttributeValue) -> str:
    """Return an attribute's value as SQS's string, also when a caller sent a JSON number or boolean."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_attributes(
    given: Mapping[str, AttributeValue], *, fifo: bool, creating: bool, max_delay_seconds: int
) -> dict[str, str]:
    """Return the attributes a caller sets, normalised, and those that follow from them; an empty value means removal.

    Raises InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue or OverLimit as AWS does for the first
    that is wrong; nothing may be applied then.
    """
    checked: dict[str, str] = {}
    for name, value in given.items():
        if name not in _RULES:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
        if name in FIFO_ONLY and not fifo:
            raise InvalidAttributeName(_not_fifo_text(name))
        text = text_of(value)
        if text == "" and name in REMOVABLE:
            checked[name] = ""
        else:
            checked[name] = _RULES[name](name, text, creating, max_delay_seconds)
    scope, limit = checked.get("DeduplicationScope"), checked.get("FifoThroughputLimit")
    if creating and limit == "perMessageGroupId" and scope != "messageGroup":
        raise throughput_needs_scope()
    return _with_encryption(checked)


def defaults_for(*, fifo: bool) -> dict[str, str]:
    """Return what a new queue has when its creator says nothing."""
    return dict(FIFO_DEFAULTS if fifo else STANDARD_DEFAULTS)


def check_names(names: Iterable[str]) -> None:
    """Refuse a GetQueueAttributes that asks for an attribute which does not exist."""
    for name in names:
        if name != ALL and name not in _RULES and name not in READ_ONLY:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")


def select(attributes: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the attributes that a caller asked for; those which the queue does not have are left out.

    How long a KMS key is used again is told only of a queue that has one.
    """
    wanted = set(names)
    hidden = set() if "KmsMasterKeyId" in attributes else {"KmsDataKeyReusePeriodSeconds"}
    return {
        name: value for name, value in attributes.items() if name not in hidden and (ALL in wanted or name in wanted)
    }


def throughput_needs_scope() -> InvalidAttributeValue:
    """Return AWS's error for a throughput limit by group beside deduplication by queue.

    A request that creates a queue shows it by itself; of a change the store must tell, which knows the rest.
    """
    return InvalidAttributeValue(
        "Invalid value for the parameter FifoThroughputLimit."
        " Reason: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup."
    )


def _invalid(name: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {name}.")


def _number(low: int, high: int) -> "Rule":
    def check(name: str, text: str, _creating: bool, _max_delay_seconds: int) -> str:
        if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
            raise _invalid(name)
        return str(int(text))

    return check


def _delay(name: str, text: str, creating: bool, max_delay_seconds: int) -> str:
    return _number(limits.DELAY_SECONDS[0], max_delay_seconds)(name, text, creating, max_delay_seconds)


def _choice(*choices: str) -> "Rule":
    def check(name: str, text: str, _creating: bool, _max_delay_seconds: int) -> str:
        if text not in choices:
            raise _invalid(name)
        return text

    return check


def _boolean(name: str, text: str, _creating: bool, _max_delay_seconds: int) -> str:
    if text.lower() not in ("true", "false"):
        raise _invalid(name)
    return text.lower()


def _fifo_queue(name: str, text: str, creating: bool, max_delay_seconds: int) -> str:
    value = _boolean(name, text, creating, max_delay_seconds)
    if value == "false":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
        )
    return value


def _json(normal: Callable[[str, bool], str]) -> "Rule":
    return lambda _name, text, creating, _max_delay_seconds: normal(text, creating)


def _text(_name: str, text: str, _creating: bool, _max_delay_seconds: int) -> str:
    return text


Rule = Callable[[str, str, bool, int], str]
_RULES: dict[str, Rule] = {
    "DelaySeconds": _delay,
    "MaximumMessageSize": _number(*limits.MESSAGE_SIZE),
    "MessageRetentionPeriod": _number(*limits.RETENTION_SECONDS),
    "ReceiveMessageWaitTimeSeconds": _number(*limits.WAIT_SECONDS),
    "VisibilityTimeout": _number(*limits.VISIBILITY_SECONDS),
    "Policy": _json(normal_policy),
    "RedrivePolicy": _json(lambda text, _creating: normal_redrive_policy(text)),
    "RedriveAllowPolicy": _json(lambda text, _creating: normal_redrive_allow_policy(text)),
    "KmsMasterKeyId": _text,
    "KmsDataKeyReusePeriodSeconds": _number(*limits.KMS_REUSE_SECONDS),
    "SqsManagedSseEnabled": _boolean,
    "FifoQueue": _fifo_queue,
    "ContentBasedDeduplication": _boolean,
    "DeduplicationScope": _choice("queue", "messageGroup"),
    "FifoThroughputLimit": _choice("perQueue", "perMessageGroupId"),
}
SETTABLE = tuple(_RULES)


def _not_fifo_text(name: str) -> str:
    if name in ("FifoQueue", "ContentBasedDeduplication"):
        return f"Unknown Attribute {name}."
    return f"You can specify the {name} only when FifoQueue is set to true."


def _with_encryption(checked: dict[str, str]) -> dict[str, str]:
    """Keep one kind of encryption: to turn either on turns the other off, and clearing a key turns nothing on."""
    if checked.get("SqsManagedSseEnabled") == "true":
        if checked.get("KmsMasterKeyId"):
            raise InvalidAttributeName(
                "You can use one type of server-side encryption (SSE) at one time."
                " You can either enable KMS SSE or SQS SSE."
            )
        return checked | {"KmsMasterKeyId": ""}
    return checked | {"SqsManagedSseEnabled": "false"} if checked.get("KmsMasterKeyId") else checked
