"""Messages: the size that SQS counts."""

from karin.sqs.message import MessageAttribute, message_bytes


def test_a_size_counts_bytes_of_body_names_types_and_values() -> None:
    assert message_bytes("", {}) == 0
    assert message_bytes("한글👋", {}) == 10
    assert message_bytes(
        "body",
        {
            "이름": MessageAttribute("String", string_value="값"),
            "blob": MessageAttribute("Binary.x", binary_value=b"\x00" * 5),
        },
    ) == 4 + (6 + 6 + 3) + (4 + 8 + 5)
