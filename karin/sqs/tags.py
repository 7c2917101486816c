"""What a queue may be tagged with (SQS developer guide, "Amazon SQS cost allocation tags")."""

from collections.abc import Iterable, Mapping

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.limits import TAG_KEY_LENGTH, TAG_VALUE_LENGTH, TAGS


def check_tags(queue_name: str, tags: Mapping[str, str]) -> None:
    """Accept tags that a queue is to have, or raise InvalidParameterValue."""
    if len(tags) > TAGS:
        raise too_many_tags(queue_name)
    if tags:
        check_tag_keys(tags)
    for value in tags.values():
        if len(value) > TAG_VALUE_LENGTH:
            raise InvalidParameterValue(f"Tag values must be between 0 and {TAG_VALUE_LENGTH} characters in length.")


def check_tag_keys(keys: Iterable[str]) -> None:
    """Accept keys, of which there must be one at least, or raise InvalidParameterValue."""
    lengths = [len(key) for key in keys]
    if not lengths or min(lengths) < 1 or max(lengths) > TAG_KEY_LENGTH:
        raise InvalidParameterValue(f"Tag keys must be between 1 and {TAG_KEY_LENGTH} characters in length.")


def too_many_tags(queue_name: str) -> InvalidParameterValue:
    """Return AWS's error for a queue that would have more tags than it may."""
    return InvalidParameterValue(f"Too many tags added for queue {queue_name}.")
