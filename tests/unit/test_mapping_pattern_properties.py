"""What holds for patterns and events of any kind, hostile ones included."""

import json
import operator
import re
from itertools import groupby
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from karin.mapping.filters import MAX_PATTERN_LENGTH, compile_filters
from karin.mapping.pattern import MAX_DEPTH
from karin.mapping.rules import compile_rules
from tests.unit.filter_values import names, numbers, objects, scalars, words
from tests.unit.filtering import holds, passes, record


class CountingText(str):
    """A string that counts how often it is searched."""

    __slots__ = ("searches",)
    searches: int

    def find(self, *args: Any) -> int:
        self.searches += 1
        return super().find(*args)


@pytest.mark.parametrize("wildcard", ["*a" * 60 + "*b", "a*" * 60 + "b*", "*" + "ab*" * 60, "*a*b" * 30 + "*"])
def test_a_wildcard_looks_for_each_of_its_pieces_once(wildcard: str) -> None:
    text = CountingText("a" * 10_000)
    text.searches = 0

    assert not compile_rules([{"wildcard": wildcard}]).test(text)
    assert text.searches <= wildcard.count("*")


def test_the_deepest_pattern_walks_the_deepest_event() -> None:
    def nested(levels: int, leaf: Any) -> Any:
        for _ in range(levels):
            leaf = {"a": leaf}
        return leaf

    pattern = nested(MAX_DEPTH - 2, ["x"])

    assert holds(pattern, nested(MAX_DEPTH - 2, [[[[["x"]]]]]))
    assert not holds(pattern, nested(500, "x"))


wildcards = st.lists(st.sampled_from(["a", "b", "*", r"\*", r"\\"]), max_size=8).map(
    lambda parts: "".join(part for part, _ in groupby(parts))  # two stars in a row are refused
)


def own_pattern(value: Any) -> Any:
    """Return a pattern of a value's own leaves, of an array's first element that has some; None when it has none."""
    match value:
        case dict():
            fields = {name: own_pattern(inner) for name, inner in value.items()}
            return {name: field for name, field in fields.items() if field is not None} or None
        case list():
            return next((found for element in value if (found := own_pattern(element)) is not None), None)
        case _:
            return [value]


@given(objects)
def test_an_event_matches_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    pattern = own_pattern(event)
    assume(pattern is not None and len(json.dumps(pattern)) < MAX_PATTERN_LENGTH // 2)

    assert holds(pattern, event)


@given(objects, names)
def test_a_field_either_exists_or_does_not(event: dict[str, Any], name: str) -> None:
    assert holds({name: [{"exists": True}]}, event) != holds({name: [{"exists": False}]}, event)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", "{}.0", "{}.000", "{}e0", "{}0e-1", "{}.0E+0"]))
def test_numbers_are_equal_by_value_however_they_are_spelled(number: int, spelling: str) -> None:
    spelled = spelling.format(number)
    event = record(f'{{"a":{spelled}}}')

    assert passes({"body": {"a": [number]}}, event)
    assert passes({"body": {"a": [{"numeric": ["=", number]}]}}, event)
    assert not passes({"body": {"a": [{"anything-but": number}]}}, event)
    assert not passes({"body": {"a": [number + 1]}}, event)
    assert compile_filters([f'{{"body":{{"a":[{spelled}]}}}}']).matches(record(f'{{"a":{number}}}'))


@given(numbers, numbers)
def test_numbers_are_compared_as_numbers(value: float, limit: float) -> None:
    comparisons = {
        "=": operator.eq,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    for sign, compare in comparisons.items():
        assert holds({"a": [{"numeric": [sign, limit]}]}, {"a": value}) == compare(value, limit)


@given(wildcards, words)
@example("a*a", "a")
@example("*ab*ba*", "aba")
def test_a_wildcard_matches_what_its_regular_expression_does(wildcard: str, text: str) -> None:
    parts = re.findall(r"\\[\\*]|\*|[^*\\]+", wildcard)
    expression = "".join(".*" if part == "*" else re.escape(re.sub(r"^\\(.)", r"\1", part)) for part in parts)

    assert holds({"a": [{"wildcard": wildcard}]}, {"a": text}) == bool(re.fullmatch(expression, text, re.DOTALL))


@given(scalars, st.lists(st.text(max_size=5), min_size=1) | st.lists(numbers, min_size=1))
def test_anything_but_is_the_opposite_of_equality(value: Any, excluded: list[Any]) -> None:
    assert holds({"a": [{"anything-but": excluded}]}, {"a": value}) != holds({"a": excluded}, {"a": value})
