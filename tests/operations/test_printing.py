"""Text from outside: nothing in it commands a terminal, and JSON stands on lines of its own."""

import json

import pytest

from karin.operations.printing import MOST_NESTED, one_line, pretty, printable, printable_json


def test_what_would_command_a_terminal_is_written_out() -> None:
    assert (
        printable("\x1b[31mred\x1b[0m \x1b]0;title\x07\r\n\tnext\x9b2J\x7f") == r"red \x1b]0;title\x07"
        "\n\tnext"
        r"\x9b2J\x7f"
    )
    assert printable("a\rb") == r"a\x0db"
    assert one_line("  two \n\n lines\tand a \x1b[2J  ") == r"two lines and a \x1b[2J"


def test_what_turns_the_direction_of_writing_or_ends_lines_unseen_is_written_out() -> None:
    assert printable("a\u202eb\u2066c\u2028d\ud800") == r"a\u202eb\u2066c\u2028d\ud800"
    assert printable("שלום 👩‍👩‍👧 e\u0301") == "שלום 👩‍👩‍👧 e\u0301"


def test_json_that_is_made_printable_means_the_same() -> None:
    text = json.dumps({"a": "\x7f\x9b2J\u202e"}, ensure_ascii=False)
    assert printable_json(text) == r'{"a": "\u007f\u009b2J\u202e"}'
    assert json.loads(printable_json(text)) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a":1.50,"a":1e400}', ["{", '  "a": 1.50,', '  "a": 1e400', "}"]),
        ('["\\"[", "한"]', ["[", '  "\\"[",', '  "한"', "]"]),
        ("no JSON {", ["no JSON {"]),
        ("", [""]),
        ("\ud800", ["\ud800"]),
    ],
)
def test_json_stands_on_lines_of_its_own_and_keeps_its_values(text: str, lines: list[str]) -> None:
    assert pretty(text).split("\n") == lines


def test_brackets_in_strings_are_not_levels() -> None:
    text = json.dumps({"a": "[{" * 100 + '\\"' + "[" * 100})
    assert pretty(text) == json.dumps(json.loads(text), indent=2)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        "[" * (MOST_NESTED + 1) + "]" * (MOST_NESTED + 1),
        "[" * 100_000 + "]" * 100_000,
        "[" * 900 + ",".join(["1"] * 200_000) + "]" * 900,
        '"\\' * 500_000 + "[" * 100,
    ],
    ids=["a level too deep", "deep", "deep and long", "quotes that never end"],
)
def test_what_would_take_long_or_become_huge_is_left_as_it_is(text: str) -> None:
    assert pretty(text) == text


def test_json_as_deep_as_people_write_it_is_formatted() -> None:
    text = "[" * MOST_NESTED + "1" + "]" * MOST_NESTED
    assert len(pretty(text).split("\n")) == 2 * MOST_NESTED + 1
