"""Patterns that AWS refuses, each with the reason."""

from typing import Any

import pytest

from karin.mapping.filters import compile_filters
from karin.mapping.pattern import MAX_DEPTH
from tests.unit.filtering import refusal


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "is not JSON"),
        ("simple string", "is not JSON"),
        ("{'bad': 'quotation'}", "is not JSON"),
        ('{"a": [NaN]}', "NaN is no JSON value"),
        ("[" * 4096, "is not JSON"),
        ("null", "a pattern is a JSON object"),
        ('"text"', "a pattern is a JSON object"),
        (["not", "an", "object"], "a pattern is a JSON object"),
        ({"eventSource": "aws:sqs"}, "'eventSource': a field takes an array of values or an object of fields"),
        ({"eventSource": None}, "'eventSource': a field takes an array of values or an object of fields"),
        ({"eventSource": []}, "'eventSource': an empty array would match nothing"),
        ({"body": {}}, "'body': an empty object would match nothing"),
        ({"body": {"a": {"b": 42}}}, "'body.a.b': a field takes an array of values or an object of fields"),
        ({"a": [[1]]}, "'a': a value to match is a string"),
        ({"a": [{}]}, "'a': a rule is an object with one operator, not with 0"),
        ({"a": [{"prefix": "a", "suffix": "b"}]}, "'a': a rule is an object with one operator, not with 2"),
        ({"a": [{"EXISTS": True}]}, "'a': unknown operator 'EXISTS'"),
        ({"a": [{"exists": "true"}]}, "true or false"),
        ({"a": [{"prefix": 1}]}, '"prefix" takes a string'),
        ({"a": [{"prefix": ["x"]}]}, '"prefix" takes a string'),
        ({"a": [{"suffix": 1}]}, '"suffix" takes a string'),
        ({"a": [{"prefix": {"wildcard": "x"}}]}, '"prefix" takes a string or {"equals-ignore-case"'),
        ({"a": [{"suffix": {"equals-ignore-case": 1}}]}, '"suffix" takes a string or {"equals-ignore-case"'),
        ({"a": [{"equals-ignore-case": ["x"]}]}, '"equals-ignore-case" takes a string'),
        ({"a": [{"exactly": 1}]}, '"exactly" takes a string'),
        ({"a": [{"wildcard": 1}]}, '"wildcard" takes a string'),
        ({"a": [{"wildcard": "a**b"}]}, "two stars"),
        ({"a": [{"wildcard": "a\\b"}]}, "escapes"),
        ({"a": [{"wildcard": "a\\"}]}, "escapes"),
        ({"a": [{"numeric": 1}]}, '"numeric" takes an array'),
        ({"a": [{"numeric": []}]}, '"numeric" takes an array'),
        ({"a": [{"numeric": [">", 0, "<"]}]}, '"numeric" takes an array'),
        ({"a": [{"numeric": [">", 0, "<", 1, "<", 2]}]}, '"numeric" takes an array'),
        ({"a": [{"numeric": ["!=", 0]}]}, "not with '!='"),
        ({"a": [{"numeric": [1, 0]}]}, "not with 1"),
        ({"a": [{"numeric": ["=", "1"]}]}, "a number after ="),
        ({"a": [{"numeric": ["=", True]}]}, "a number after ="),
        ({"a": [{"numeric": [">", 0, ">", 0]}]}, "lower end first"),
        ({"a": [{"numeric": ["<", 5, ">", 0]}]}, "lower end first"),
        ({"a": [{"numeric": ["=", 5, "<", 9]}]}, "lower end first"),
        ({"a": [{"numeric": [">", 5, "<", 5]}]}, "lower end first"),
        ({"a": [{"cidr": 1}]}, '"cidr" takes a string'),
        ({"a": [{"cidr": "10.0.0.0"}]}, "address block"),
        ({"a": [{"cidr": "10.0.0.0/x"}]}, "address block"),
        ({"a": [{"cidr": "10.0.0.0/33"}]}, "address block"),
        ({"a": [{"cidr": "xx.11.xx/8"}]}, "address block"),
        ({"a": [{"anything-but": []}]}, '"anything-but" takes'),
        ({"a": [{"anything-but": None}]}, '"anything-but" takes'),
        ({"a": [{"anything-but": [True]}]}, '"anything-but" takes'),
        ({"a": [{"anything-but": ["a", 1]}]}, '"anything-but" takes'),
        ({"a": [{"anything-but": {"numeric": ["=", 1]}}]}, "unknown operator 'numeric'"),
        ({"a": [{"anything-but": {"prefix": ""}}]}, "exclude every string"),
        ({"a": [{"anything-but": {"suffix": ["a", ""]}}]}, "exclude every string"),
        ({"a": [{"anything-but": {"prefix": 1}}]}, '"prefix" in "anything-but" takes'),
        ({"a": [{"anything-but": {"suffix": [1, "a"]}}]}, '"suffix" in "anything-but" takes'),
        ({"a": [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}]}, '"prefix" in "anything-but" takes'),
        ({"a": [{"anything-but": {"equals-ignore-case": 1}}]}, '"equals-ignore-case" in "anything-but" takes'),
        ({"a": [{"anything-but": {"wildcard": [1]}}]}, '"wildcard" in "anything-but" takes'),
        ({"a": [{"anything-but": {"wildcard": "**"}}]}, "two stars"),
        ({"$or": [{"a": [1]}]}, "'$or': unknown operator 'a'"),
        ({"$or": [{"a": [1]}, {}]}, "an empty object would match nothing"),
        ({"$or": [{"a": [1]}, {"b": 2}]}, "'b': a field takes"),
        ({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}, """'a': has rules in a "$or" and beside it"""),
        ({"a": {"b": [1]}, "$or": [{"a.b": [2]}, {"c": [3]}]}, """'a.b': has rules in a "$or" and beside it"""),
    ],
)  # fmt: skip
def test_a_pattern_that_aws_refuses_is_refused_with_the_reason(pattern: Any, reason: str) -> None:
    said = refusal(pattern)

    assert reason in said
    assert said.startswith("filter 1")
    assert len(said.splitlines()) == 1


def test_a_pattern_of_any_shape_that_is_nested_too_deeply_is_refused() -> None:
    def nested(levels: int, around: str) -> str:
        opening, closing = around.split("_")
        return opening * levels + '{"a":[1]}' + closing * levels

    for around in ('{"a":_}', '{"$or":[{"b":[1]},_]}', '{"a.a":_}'):
        assert "deeper than 100 levels" in refusal(nested(110, around))
    assert "deeper than 100 levels" in refusal({".".join("a" * (MAX_DEPTH + 1)): [1]})
    compile_filters([nested(MAX_DEPTH - 1, '{"a":_}'), nested(MAX_DEPTH - 1, '{"$or":[{"b":[1]},_]}')])
