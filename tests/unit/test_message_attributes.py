"""What a message attribute may be called and hold."""

import pytest

from karin.sqs.errors import InvalidParameterValue, UnsupportedOperation
from karin.sqs.message import MessageAttribute
from karin.sqs.message_attributes import validate_attributes, validate_system_attributes


def text(value: str | None, data_type: str | None = "String") -> MessageAttribute:
    return MessageAttribute(data_type, string_value=value)


def binary(value: bytes | None, data_type: str = "Binary") -> MessageAttribute:
    return MessageAttribute(data_type, binary_value=value)


def refused(name: str, attribute: MessageAttribute) -> str:
    with pytest.raises(InvalidParameterValue) as caught:
        validate_attributes({name: attribute})
    return caught.value.message


@pytest.mark.parametrize(
    "name", ["a", "A-b_9.c", "x" * 256, "한글", "awsome", "amazonian", "a.AWS.b", "SQSLargePayloadSize"]
)
def test_a_good_name_is_accepted(name: str) -> None:
    validate_attributes({name: text("x")})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "The request must contain non-empty message (user) attribute names."),
        ("x" * 257, "Message (user) attribute name must be shorter than 256 bytes."),
        (".a", "Message (user) attribute name must not begin with character '.'."),
        ("a.", "Message (user) attribute name must not end with character '.'."),
        ("a..b", "Message (user) attribute name must not have successive '.' characters."),
    ],
)
def test_a_bad_name_is_refused(name: str, said: str) -> None:
    assert refused(name, text("x")) == said


@pytest.mark.parametrize("name", ["AWS.x", "aws.x", "Aws.", "Amazon.x", "AMAZON.x", "aMaZoN."])
def test_reserved_names_are_refused_in_any_case(name: str) -> None:
    assert refused(name, text("x")) == (
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon'."
        " These strings are reserved for internal use."
    )


@pytest.mark.parametrize("name", ["a b", "a/b", "a\n", "a:b", "<a>", "\x00"])
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    refused(name, text("x"))


@pytest.mark.parametrize(
    "attribute",
    [
        text("x"),
        text(" \t\r\n한글👋"),
        text("x", "String.json"),
        text("x", "String." + "y" * 249),
        text("5", "Number.int"),
        binary(b"\x00"),
        binary(b"x", "Binary.png"),
    ],
    ids=str,
)
def test_a_good_value_is_accepted(attribute: MessageAttribute) -> None:
    validate_attributes({"a": attribute})


@pytest.mark.parametrize(
    "data_type",
    ["Text", "string", "Stringy", "String.", ".String", "Binary.", "x" * 257, "String." + "y" * 250, " String"],
)
def test_a_type_of_another_prefix_is_refused(data_type: str) -> None:
    assert refused("X", text("x", data_type)) == (
        "The type of message (user) attribute 'X' is invalid."
        " You must use only the following supported type prefixes: Binary, Number, String."
    )


@pytest.mark.parametrize("data_type", [None, ""])
def test_a_missing_type_is_refused(data_type: str | None) -> None:
    assert (
        refused("X", text("x", data_type))
        == "The message (user) attribute 'X' must contain a non-empty message attribute type."
    )


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        (text(""), "String"),
        (text(None), "String"),
        (text("", "Number"), "String"),
        (binary(b""), "Binary"),
        (binary(None), "Binary"),
    ],
    ids=str,
)
def test_an_empty_value_is_refused(attribute: MessageAttribute, kind: str) -> None:
    assert refused("X", attribute) == f"Message (user) attribute 'X' must contain a non-empty value of type '{kind}'."


@pytest.mark.parametrize(
    ("attribute", "logical", "field"),
    [
        (binary(b"x", "String"), "String", "String"),
        (binary(b"x", "Number"), "Number", "String"),
        (text("x", "Binary"), "Binary", "Binary"),
        (text("x", "Binary.png"), "Binary", "Binary"),
    ],
    ids=str,
)
def test_a_value_in_the_wrong_field_is_refused(attribute: MessageAttribute, logical: str, field: str) -> None:
    assert refused("X", attribute) == f"Message (user) attribute 'X' with type '{logical}' must use field '{field}'."


@pytest.mark.parametrize("data_type", ["String", "Number", "Binary"])
def test_two_values_are_refused(data_type: str) -> None:
    attribute = MessageAttribute(data_type, string_value="5", binary_value=b"x")

    assert refused("X", attribute) == "Message (user) attribute 'X' must have a single value."


@pytest.mark.parametrize("value", ["\x00", "a\x0bb", "\ufffe", "\uffff"], ids=ascii)
def test_a_value_with_a_character_that_xml_lacks_is_refused(value: str) -> None:
    refused("X", text(value))


@pytest.mark.parametrize(
    "value",
    [
        "0", "-0", "+5", "007", "1.", ".5", "-1.50", "1e5", "1E-5", "9" * 38, "1e126", "-1e126", "1e-128", "0e9999",
        "0." + "0" * 127 + "1", "1" + "0" * 126,
    ],
)  # fmt: skip
def test_a_number_in_range_is_accepted(value: str) -> None:
    validate_attributes({"X": text(value, "Number")})


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "1,5",
        "1 5",
        "0x10",
        "NaN",
        "Infinity",
        "-",
        ".",
        "e5",
        "1e",
        "1e5.5",
        "٣",
        "9" * 39,
        "1e127",
        "1e-129",
        "1e99999",
    ],
)
def test_a_number_that_is_none_or_out_of_range_is_refused(value: str) -> None:
    assert refused("X", text(value, "Number")) == "Can't cast the value of message (user) attribute 'X' to a number."


def test_at_most_ten_attributes_are_accepted() -> None:
    ten = {f"a{number}": text("x") for number in range(10)}
    validate_attributes(ten)

    with pytest.raises(InvalidParameterValue) as caught:
        validate_attributes(ten | {"b": text("x")})
    assert caught.value.message == "Number of message attributes [11] exceeds the allowed maximum [10]."


@pytest.mark.parametrize(
    "attribute",
    [
        MessageAttribute("String", string_list_values=["x"]),
        MessageAttribute("Binary", binary_list_values=[b"x"]),
        MessageAttribute("String", string_value="x", string_list_values=["x"]),
    ],
    ids=str,
)
def test_list_values_are_not_supported(attribute: MessageAttribute) -> None:
    with pytest.raises(UnsupportedOperation):
        validate_attributes({"X": attribute})


def test_the_trace_header_is_the_only_system_attribute() -> None:
    assert validate_system_attributes({}) is None
    assert validate_system_attributes({"AWSTraceHeader": text("Root=1")}) == "Root=1"
    with pytest.raises(InvalidParameterValue) as caught:
        validate_system_attributes({"SenderId": text("me")})
    assert caught.value.message == "Message system attribute name 'SenderId' is invalid."


@pytest.mark.parametrize(
    "attribute", [text(""), text("x", "Number"), text("5", "Number"), binary(b"x"), text("x", None)], ids=str
)
def test_the_trace_header_is_a_string(attribute: MessageAttribute) -> None:
    with pytest.raises(InvalidParameterValue):
        validate_system_attributes({"AWSTraceHeader": attribute})
