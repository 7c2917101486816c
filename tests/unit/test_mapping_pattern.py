"""The language of filter patterns: EventBridge's guide, and recordings of the live service."""

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
from tests.unit.filtering import holds, passes, record, refusal

EMPLOYEES = {
    "employees": [
        {"firstName": "John", "lastName": "Doe"},
        {"firstName": "Anna", "lastName": "Smith"},
        {"firstName": "Peter", "lastName": "Jones"},
    ]
}
INSTANCE = {
    "source": "aws.ec2",
    "detail-type": "EC2 Instance State-change Notification",
    "time": "2017-10-02T16:24:49Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
    "detail": {"c-count": 5, "d-count": 3, "x-limit": 301.8, "source-ip": "10.0.0.33", "state": "running"},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"detail-type": ["EC2 Instance State-change Notification"], "detail": {"state": ["initializing", "running"]}},
        {"resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"]},
        {"time": [{"prefix": "2017-10-02"}]},
        {"source": [{"suffix": "ec2"}]},
        {"source": [{"equals-ignore-case": "AWS.ec2"}]},
        {"source": [{"prefix": {"equals-ignore-case": "AWS."}}]},
        {"source": [{"suffix": {"equals-ignore-case": ".Ec2"}}]},
        {"source": [{"exactly": "aws.ec2"}]},
        {"detail-type": [{"wildcard": "EC2*State*Notification"}]},
        {"detail": {"state": [{"anything-but": "initializing"}]}},
        {"detail": {"x-limit": [{"anything-but": 123}]}},
        {"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}},
        {"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}},
        {"detail": {"state": [{"anything-but": {"prefix": "init"}}]}},
        {"detail": {"state": [{"anything-but": {"prefix": ["init", "stop"]}}]}},
        {"detail": {"state": [{"anything-but": {"suffix": ["ed"]}}]}},
        {"detail": {"state": [{"anything-but": {"equals-ignore-case": ["STOPPED", "Overloaded"]}}]}},
        {"detail": {"state": [{"anything-but": {"wildcard": "*init*"}}]}},
        {"detail": {"state": [{"anything-but": {"wildcard": ""}}]}},
        {"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}], "d-count": [{"numeric": ["<", 10]}]}},
        {"detail": {"x-limit": [{"numeric": ["=", 3.018e2]}]}},
        {"detail": {"source-ip": [{"cidr": "10.0.0.0/24"}]}},
        {"detail": {"c-count": [{"exists": True}], "e-count": [{"exists": False}]}},
        {"source": ["aws.s3", {"prefix": "aws.e"}, {"exists": False}]},
        {"source": ["aws.ec2"], "$or": [{"detail": {"state": ["stopped"]}}, {"detail": {"c-count": [5]}}]},
        {"$or": [{"source": ["x"]}, {"time": [{"exists": True}]}], "detail": {"$or": [{"a": [1]}, {"d-count": [3]}]}},
        {"$or": [{"a": [1]}, {"source": ["aws.ec2"], "$or": [{"b": [1]}, {"detail": {"d-count": [3]}}]}]},
    ],
)
def test_patterns_of_every_operator_match_the_event_they_describe(pattern: Any) -> None:
    assert holds(pattern, INSTANCE)


@pytest.mark.parametrize(
    ("rule", "values", "others"),
    [
        ("a", ["a"], ["A", "ab", "", None, 1]),
        (100, [100, 100.0, 1e2], [100.5, "100", True, None]),
        (1, [1, 1.0], [True, "1"]),
        (0, [0, -0.0], [False, None, ""]),
        (True, [True], [1, "true", False]),
        (False, [False], [0, "false", None, ""]),
        (None, [None], [0, "", False, "null"]),
        (123456789012, [123456789012], [123456789013]),
        ({"prefix": "ab"}, ["ab", "abc"], ["a", "Ab", "cab", "", 1, None]),
        ({"prefix": ""}, ["", "a"], [1, None, True]),
        ({"prefix": {"equals-ignore-case": "eventB"}}, ["EVENTBridge", "eventb"], ["event", "", 1]),
        ({"suffix": "ab"}, ["ab", "cab"], ["b", "aB", "abc", "", 1, None]),
        ({"suffix": {"equals-ignore-case": ".PNG"}}, ["a.png", ".Png"], ["png", "", 1]),
        ({"equals-ignore-case": "straße"}, ["STRAßE", "straße"], ["STRASSE", "", 1]),
        ({"wildcard": "*"}, ["", "a", "\n"], [1, None]),
        ({"wildcard": "a*"}, ["a", "ab", "a*"], ["ba", ""]),
        ({"wildcard": "*/dir/*"}, ["/dir/", "x/dir/y"], ["dir/", "/dir"]),
        ({"wildcard": "ab*ba"}, ["abba", "abxba"], ["aba", "ab"]),
        ({"wildcard": r"a\*b"}, ["a*b"], ["axb", r"a\*b"]),
        ({"wildcard": r"\\*"}, ["\\", "\\x"], ["x", "*"]),
        ({"wildcard": "a.[c]?*"}, ["a.[c]?", "a.[c]?x"], ["axc"]),
        ({"anything-but": "a"}, ["b", "", None, 1, True], ["a"]),
        ({"anything-but": 0}, [1, "0", None, False], [0, 0.0]),
        ({"anything-but": {"prefix": "a"}}, ["ba", None, 12], ["ab"]),
        ({"anything-but": {"suffix": ["a", "b"]}}, ["ac", None, 12], ["ca", "cb"]),
        ({"anything-but": {"wildcard": "*/dir/*"}}, ["dir", 123, None], ["/dir/"]),
        ({"anything-but": {"equals-ignore-case": "a"}}, ["b", 1], ["a", "A"]),
        ({"numeric": ["=", 5]}, [5, 5.0], [4, "5", None, True]),
        ({"numeric": ["=", 1]}, [1], [True]),
        ({"numeric": [">=", 5]}, [5, 5.1, 10**400], [4.9, "6", None]),
        ({"numeric": [">", 5]}, [5.1], [5]),
        ({"numeric": ["<=", -5]}, [-5, -6], [-4, "-6"]),
        ({"numeric": ["<", 1.7e12]}, [1.6e12], [1.7e12]),
        ({"numeric": [">=", 100, "<", 200]}, [100, 199.999], [200, 99]),
        ({"numeric": [">", 100, "<=", 200]}, [101, 200], [100, 201]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0", "x", "::1", 167772160, None]),
        ({"cidr": "10.0.0.77/24"}, ["10.0.0.1"], ["10.0.1.1"]),
        ({"cidr": "2001:db8:1234:1a00::/56"}, ["2001:db8:1234:1a00::1"], ["2001:db8:1234:1b00::1", "10.0.0.1"]),
        ({"exists": True}, ["", None, 0, False, "x"], [{}, [], {"a": 1}, [[]]]),
        ({"exists": False}, [{}, [], {"a": 1}, [[], {}]], ["", None, 0, False]),
    ],
)
def test_a_rule_matches_these_values_and_not_those(rule: Any, values: list[Any], others: list[Any]) -> None:
    for value in values:
        assert holds({"field": [rule]}, {"field": value}), value
    for other in others:
        assert not holds({"field": [rule]}, {"field": other}), other


@pytest.mark.parametrize(
    "rule",
    [
        "a", 1, None, True, {"prefix": ""}, {"suffix": ""}, {"wildcard": "*"}, {"exists": True}, {"anything-but": "a"},
        {"anything-but": {"prefix": "a"}}, {"anything-but": {"wildcard": "a*"}}, {"numeric": ["<", 9]},
    ],
)  # fmt: skip
def test_only_absence_matches_a_field_that_is_not_there(rule: Any) -> None:
    events: list[Any] = [{}, {"other": "a"}, {"field": []}, {"field": {"a": 1}}, {"Field": "a"}]
    for event in events:
        assert not holds({"field": [rule]}, event)
        assert holds({"field": [rule, {"exists": False}]}, event)


def test_any_element_of_an_array_may_match() -> None:
    assert holds({"tags": ["b"]}, {"tags": ["a", "b"]})
    assert holds({"tags": ["b"]}, {"tags": [["a"], [["b"]]]})
    assert holds({"tags": [{"anything-but": "a"}]}, {"tags": ["a", "b"]})
    assert holds({"tags": ["b"]}, {"tags": [{"a": 1}, "b"]})
    assert not holds({"tags": ["c"]}, {"tags": ["a", "b"]})
    assert not holds({"tags": [{"anything-but": "a"}]}, {"tags": ["a", "a"]})
    assert not holds({"tags": [None]}, {"tags": []})


@pytest.mark.parametrize("event", [EMPLOYEES, {"employees": [EMPLOYEES["employees"][:2], EMPLOYEES["employees"][2:]]}])
def test_fields_are_found_in_one_element_of_an_array(event: Any) -> None:
    assert holds({"employees": {"firstName": ["Anna"]}}, event)
    assert holds({"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}, event)
    assert not holds({"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}, event)


def test_a_body_that_is_an_array_is_crushed_as_well() -> None:
    assert holds({"firstName": ["Anna"], "lastName": ["Smith"]}, EMPLOYEES["employees"])
    assert not holds({"firstName": ["Anna"], "lastName": ["Jones"]}, EMPLOYEES["employees"])


def test_a_field_is_absent_from_an_array_if_no_element_has_it() -> None:
    pattern = {"items": {"error": [{"exists": False}]}}

    assert holds(pattern, {"items": [{"id": 1}, {"id": 2}, 3]})
    assert holds(pattern, {"items": []})
    assert holds(pattern, {"items": "none"})
    assert holds(pattern, {})
    assert not holds(pattern, {"items": [{"id": 1}, {"id": 2, "error": None}]})


def test_beside_a_value_absence_is_asked_of_the_same_element() -> None:
    pattern = {"items": {"id": [2], "error": [{"exists": False}]}}

    assert holds(pattern, {"items": [{"id": 1, "error": "x"}, {"id": 2}]})
    assert not holds(pattern, {"items": [{"id": 1}, {"id": 2, "error": "x"}]})


def test_absence_is_found_however_deep_the_event_stops() -> None:
    pattern = {"detail": {"level1": {"level2": {"level3": [{"anything-but": "roses"}, {"exists": False}]}}}}

    events: list[Any] = [{}, {"detail": 1}, {"detail": {"level1": None}}, {"detail": {"level1": {"level2": {"x": 1}}}}]
    for event in events:
        assert holds(pattern, event)
    assert not holds(pattern, {"detail": {"level1": {"level2": {"level3": "roses"}}}})


def test_a_dot_joins_names_in_patterns_and_in_events() -> None:
    for pattern in ({"a": {"b": {"c": ["x"]}}}, {"a.b": {"c": ["x"]}}, {"a": {"b.c": ["x"]}}, {"a.b.c": ["x"]}):
        for event in ({"a": {"b": {"c": "x"}}}, {"a.b": {"c": "x"}}, {"a": {"b.c": "x"}}, {"a.b.c": "x"}):
            assert holds(pattern, event)
            assert holds(pattern, {"a": {"b": 1, "d": 2}} | event)
        assert not holds(pattern, {"a": {"b": {"c": "y"}}, "a.b": {"c": "z"}})
        assert not holds(pattern, {"a": {"b.c": {"c": "x"}}})
    assert holds({"a": {"b": [1], "c": [2]}}, {"a": {"b": 1}, "a.c": 2})
    assert holds({"a": [1], "a.b": [2]}, {"a": [1, {"b": 2}]})
    assert holds({"a": [1], "a.b": [2]}, {"a": 1, "a.b": 2})
    assert not holds({"a": [1], "a.b": [2]}, {"a": 1})
    assert holds({"a": {"$or": [{"b": [1]}, {"c": [1]}]}}, {"a.c": 1})
    assert holds({"$or": [{"a": {"b": [1]}}, {"c": [1]}]}, {"a.b": 1})
    assert not holds({"a": {"b": [{"exists": False}]}}, {"a.b": 1})


def test_a_choice_needs_one_of_its_branches_and_all_beside_it() -> None:
    pattern = {"source": ["s"], "$or": [{"a": [1]}, {"b": [1], "c": [1]}, {"d": [{"exists": False}], "e": [1]}]}

    assert holds(pattern, {"source": "s", "a": 1, "d": 0})
    assert holds(pattern, {"source": "s", "b": 1, "c": 1, "d": 0})
    assert holds(pattern, {"source": "s", "e": 1})
    assert not holds(pattern, {"source": "s", "b": 1, "d": 0})
    assert not holds(pattern, {"source": "s", "e": 1, "d": 0})
    assert not holds(pattern, {"source": "t", "a": 1})


def test_a_choice_of_absences_alone_holds_for_an_empty_object() -> None:
    pattern = {"$or": [{"a": [{"exists": False}]}, {"b": [{"exists": False}]}]}

    assert holds(pattern, {})
    assert holds(pattern, {"b": 1})
    assert not holds(pattern, {"a": 1, "b": 1})


def test_a_choice_inside_an_array_is_made_for_one_element() -> None:
    pattern = {"items": {"id": [2], "$or": [{"a": [1]}, {"b": [1]}]}}

    assert holds(pattern, {"items": [{"id": 1}, {"id": 2, "b": 1}]})
    assert not holds(pattern, {"items": [{"id": 1, "b": 1}, {"id": 2}]})


def test_what_is_no_choice_is_a_field_named_so() -> None:
    assert holds({"$or": ["a"]}, {"$or": "a"})
    assert holds({"$or": {"a": [1], "b": [2]}}, {"$or": {"a": 1, "b": 2}})
    assert not holds({"$or": {"a": [1], "b": [2]}}, {"$or": {"a": 1}})
    assert holds({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"$or": "bc"})


# What AWS refuses.


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


# Hostile events.


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


# Properties.

names = st.text(st.sampled_from("abAB-_$ é"), max_size=3)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=15
)
objects = st.dictionaries(names, values, max_size=5)
words = st.text(st.sampled_from("abA*\\"), max_size=6)
wildcards = st.lists(st.sampled_from(["a", "b", "*", r"\*", r"\\"]), max_size=8).map(
    lambda parts: "".join(part for part, _ in groupby(parts))  # two stars in a row are refused
)
numbers = st.integers(-(10**16), 10**16) | st.floats(-1e16, 1e16)


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
