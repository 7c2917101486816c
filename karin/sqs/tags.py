"""What a queue may be tagged with (SQS developer guide, "Amazon SQS cost allocation tags")."""

from collections.abc import Mapping

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.limits import TAG_KEY_LENGTH, TAG_VALUE_LENGTH, TAGS


def check_tags(tags: Mapping[str, str]) -> None:
    """Accept a set of tags or raise InvalidParameterValue."""
    if len(tags) > TAGS:
        raise InvalidParameterValue(f"Too many tags: {len(tags)} were given, {TAGS} are allowed.")
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_LENGTH:
            raise InvalidParameterValue(f"Tag keys must be between 1 and {TAG_KEY_LENGTH} characters in length.")
        if len(value) > TAG_VALUE_LENGTH:
            raise InvalidParameterValue(f"Tag values must be between 0 and {TAG_VALUE_LENGTH} characters in length.")
