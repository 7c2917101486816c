"""What a message attribute may be called and hold (SQS developer guide, "Amazon SQS message metadata")."""

import re
from collections.abc import Mapping

from karin.sqs.characters import has_only_allowed_characters
from karin.sqs.errors import InvalidParameterValue, UnsupportedOperation
from karin.sqs.limits import (
    ATTRIBUTE_NAME_LENGTH,
    ATTRIBUTE_TYPE_LENGTH,
    MESSAGE_ATTRIBUTES,
    NUMBER_DIGITS,
    TRACE_HEADER_LENGTH,
)
from karin.sqs.message import MessageAttribute

TRACE_HEADER = "AWSTraceHeader"
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?P<digits>\d+(\.\d*)?|\.\d+)([eE](?P<exponent>[+-]?\d{1,4}))?", re.ASCII)
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -128, 126


def validate_attributes(attributes: Mapping[str, MessageAttribute]) -> None:
    """Accept a message's attributes or raise SQS's error for the first that is wrong."""
    if len(attributes) > MESSAGE_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES}]."
        )
    for name, attribute in attributes.items():
        _validate_name(name)
        _validate_value(name, attribute)


def validate_system_attributes(attributes: Mapping[str, MessageAttribute]) -> str | None:
    """Return the X-Ray trace header that a send carries; it is the only system attribute a sender may set."""
    for name, attribute in attributes.items():
        if name != TRACE_HEADER:
            raise InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")
        _validate_value(name, attribute, "system")
        if attribute.data_type != "String":
            raise InvalidParameterValue(
                f"Message (system) attribute '{name}' with type 'String' must use field 'String'."
            )
        if len(attribute.string_value or "") > TRACE_HEADER_LENGTH:
            raise InvalidParameterValue(
                f"Message (system) attribute '{name}' must not be longer than {TRACE_HEADER_LENGTH} characters."
            )
    trace = attributes.get(TRACE_HEADER)
    return trace.string_value if trace else None


def _validate_name(name: str) -> None:
    if not name:
        raise InvalidParameterValue("The request must contain non-empty message (user) attribute names.")
    if len(name) > ATTRIBUTE_NAME_LENGTH:
        raise InvalidParameterValue("Message (user) attribute name must be shorter than 256 bytes.")
    if name.lower().startswith(("aws.", "amazon.")):
        raise InvalidParameterValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon'."
            " These strings are reserved for internal use."
        )
    if name.startswith("."):
        raise InvalidParameterValue("Message (user) attribute name must not begin with character '.'.")
    if name.endswith("."):
        raise InvalidParameterValue("Message (user) attribute name must not end with character '.'.")
    if ".." in name:
        raise InvalidParameterValue("Message (user) attribute name must not have successive '.' characters.")
    if not all(letter.isalnum() or letter in "_-." for letter in name):
        raise InvalidParameterValue(f"Message (user) attribute name '{name}' contains invalid characters.")


def _validate_value(name: str, attribute: MessageAttribute, kind: str = "user") -> None:
    subject = f"message ({kind}) attribute '{name}'"
    if attribute.string_list_values or attribute.binary_list_values:
        raise UnsupportedOperation("Message attribute list values in SendMessage operation are not supported.")
    if not attribute.data_type:
        raise InvalidParameterValue(f"The {subject} must contain a non-empty message attribute type.")
    found = _TYPE.fullmatch(attribute.data_type)
    if not found or len(attribute.data_type) > ATTRIBUTE_TYPE_LENGTH:
        raise InvalidParameterValue(
            f"The type of {subject} is invalid."
            " You must use only the following supported type prefixes: Binary, Number, String."
        )
    logical = found[1]
    field = "Binary" if logical == "Binary" else "String"
    if attribute.string_value is not None and attribute.binary_value is not None:
        raise InvalidParameterValue(f"M{subject[1:]} must have a single value.")
    own, other = attribute.string_value, attribute.binary_value
    if field == "Binary":
        if other is None and own:
            raise InvalidParameterValue(f"M{subject[1:]} with type '{logical}' must use field 'Binary'.")
        if not other:
            raise InvalidParameterValue(f"M{subject[1:]} must contain a non-empty value of type 'Binary'.")
        return
    if own is None and other:
        raise InvalidParameterValue(f"M{subject[1:]} with type '{logical}' must use field 'String'.")
    if not own:
        raise InvalidParameterValue(f"M{subject[1:]} must contain a non-empty value of type 'String'.")
    if not has_only_allowed_characters(own):
        raise InvalidParameterValue(f"Invalid characters found in the value of {subject}.")
    if logical == "Number" and not _is_number(own):
        raise InvalidParameterValue(f"Can't cast the value of {subject} to a number.")


def _is_number(text: str) -> bool:
    """Tell whether SQS takes a text for a number: at most 38 digits, between 10^-128 and 10^126."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        return False
    whole, _, fraction = found["digits"].partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return True
    magnitude = int(found["exponent"] or 0) - len(fraction) + len(digits) - 1
    return len(digits.rstrip("0")) <= NUMBER_DIGITS and _SMALLEST_EXPONENT <= magnitude <= _LARGEST_EXPONENT
