"""The language of filter patterns: EventBridge's guide, and recordings of the live service."""

from typing import Any

import pytest

from tests.unit.filtering import holds

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
