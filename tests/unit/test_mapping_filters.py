"""Filters on records: the Lambda guide's own examples, its table of formats, metadata, and what hostile bodies try."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from karin.mapping import filters
from karin.mapping.filters import MAX_FILTERS, MAX_PATTERN_LENGTH, InvalidPattern, compile_filters
from tests.unit.filter_values import patterns, records, values
from tests.unit.filtering import holds, passes, record, refusal

ORDER = {"RecordNumber": 1234, "TimeStamp": "yyyy-mm-ddThh:mm:ss", "RequestCode": "AAAA"}
CITY = {"City": "Seattle", "State": "WA", "Temperature": "46"}
MEBIBYTE = 2**20  # bytes: the longest body that SQS takes


# The Lambda guide's examples.


@pytest.mark.parametrize(
    ("rules", "matching", "other"),
    [
        ({"RequestCode": ["BBBB"]}, ORDER | {"RequestCode": "BBBB"}, ORDER),
        ({"RecordNumber": [{"numeric": [">", 9999]}]}, ORDER | {"RecordNumber": 10000}, ORDER | {"RecordNumber": 9999}),
        ({"City": ["Seattle"], "State": ["WA"]}, CITY, CITY | {"State": "OR"}),
        ({"Keys": {"Number": {"N": ["4567"]}}}, {"Keys": {"Number": {"N": "4567"}}}, {"Keys": {"Number": {"N": "1"}}}),
        ({"a": [1, 2]}, {"a": 2}, {"a": 3}),
    ],
)
def test_the_examples_of_the_guide_match_as_it_says(rules: Any, matching: Any, other: Any) -> None:
    assert holds(rules, matching)
    assert not holds(rules, other)


@pytest.mark.parametrize(
    ("rules", "matching", "other"),
    [
        ({"UserID": [None]}, {"UserID": None}, {"UserID": "null"}),
        ({"LastName": [""]}, {"LastName": ""}, {"LastName": " "}),
        ({"Name": ["Alice"]}, {"Name": "Alice"}, {"Name": "alice"}),
        ({"Name": [{"equals-ignore-case": "alice"}]}, {"Name": "ALICE"}, {"Name": "alic"}),
        ({"Location": ["New York"], "Day": ["Monday"]}, {"Location": "New York", "Day": "Monday"}, {"Day": "Monday"}),
        ({"PaymentType": ["Credit", "Debit"]}, {"PaymentType": "Debit"}, {"PaymentType": "Cash"}),
        ({"$or": [{"Location": ["New York"]}, {"Day": ["Monday"]}]}, {"Day": "Monday"}, {"Day": "Friday"}),
        ({"Weather": [{"anything-but": ["Raining"]}]}, {"Weather": "Sunny"}, {"Weather": "Raining"}),
        ({"Price": [{"numeric": ["=", 100]}]}, {"Price": 100}, {"Price": "100"}),
        ({"Price": [{"numeric": [">", 10, "<=", 20]}]}, {"Price": 20}, {"Price": 10}),
        ({"ProductName": [{"exists": True}]}, {"ProductName": ""}, {"Product": "x"}),
        ({"ProductName": [{"exists": False}]}, {"Product": "x"}, {"ProductName": ""}),
        ({"Region": [{"prefix": "us-"}]}, {"Region": "us-east-1"}, {"Region": "eu-us-1"}),
        ({"FileName": [{"suffix": ".png"}]}, {"FileName": "a.png"}, {"FileName": "a.png.txt"}),
    ],
)
def test_each_operator_of_the_guide_matches_as_it_says(rules: Any, matching: Any, other: Any) -> None:
    assert holds(rules, matching)
    assert not holds(rules, other)


def test_a_field_that_holds_an_object_does_not_exist() -> None:
    person = {"person": {"name": "John Doe", "age": 30, "address": {"street": "123 Main St", "city": "Anytown"}}}

    assert not holds({"person": {"address": [{"exists": True}]}}, person)
    assert holds({"person": {"address": [{"exists": False}]}}, person)
    assert holds({"person": {"address": {"city": [{"exists": True}]}}}, person)


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    pattern = '{"body": {"twice": ["hello"], "once": ["test123"], "twice": ["world"]}}'

    assert compile_filters([pattern]).matches(record('{"twice": "world", "once": "test123"}'))
    assert not compile_filters([pattern]).matches(record('{"twice": "hello", "once": "test123"}'))


def test_a_message_passes_if_any_filter_matches() -> None:
    either = compile_filters(['{"body":{"a":[1]}}', '{"body":{"b":[2]}}'])

    assert either.matches(record('{"a":1}'))
    assert either.matches(record('{"b":2}'))
    assert not either.matches(record('{"a":2,"b":1}'))


@pytest.mark.parametrize("patterns", [(), ("{}",), (" {} ", '{"body":["never"]}')])
@pytest.mark.parametrize("body", ["text", "", '{"a":1}', "[]", "1"])
def test_without_filters_or_with_an_empty_pattern_every_message_passes(patterns: tuple[str, ...], body: str) -> None:
    assert compile_filters(patterns).matches(record(body))


# The guide's table of formats: body of the message, body of the pattern, result.

PLAIN = ["this is plain text", "", "{'a': 1}", '{"a": 1', '{"a": NaN}', "[1] and more", "\ufeff{}", "Result: 7"]
JSON = ["{}", '{"a": 1}', ' \n{"a": "x"} ', "[]", '[{"a": 1}]', '["this is plain text"]']


@pytest.mark.parametrize("body", PLAIN)
def test_plain_text_is_held_against_rules_for_plain_text(body: str) -> None:
    assert passes({"body": [body]}, record(body))
    assert passes({"body": [{"prefix": body[:4]}]}, record(body))
    assert passes({"body": [{"anything-but": "something else"}]}, record(body))
    assert not passes({"body": ["something else"]}, record(body))
    assert not passes({"body": [{"exists": False}]}, record(body))


@pytest.mark.parametrize("body", PLAIN)
def test_plain_text_is_dropped_by_rules_for_json(body: str) -> None:
    assert not passes({"body": {"a": [1]}}, record(body))
    assert not passes({"body": {"b": [{"exists": False}]}}, record(body))
    assert not passes({"body": {"b": [{"anything-but": 1}]}}, record(body))


@pytest.mark.parametrize("body", JSON)
def test_json_is_dropped_by_rules_for_plain_text(body: str) -> None:
    assert not passes({"body": [body]}, record(body))
    assert not passes({"body": [{"prefix": ""}]}, record(body))
    assert not passes({"body": [{"exists": True}]}, record(body))
    assert not passes({"body": [{"anything-but": "x"}]}, record(body))


@pytest.mark.parametrize("body", JSON)
def test_json_is_held_against_rules_for_json(body: str) -> None:
    assert passes({"body": {"b": [{"exists": False}]}}, record(body))
    assert passes({"body": {"a": [1]}}, record(body)) == ("1}" in body)
    assert not passes({"body": {"a": [2]}}, record(body))


@pytest.mark.parametrize("body", PLAIN + JSON + ["7", "null"])
def test_a_pattern_without_body_is_held_against_metadata_alone(body: str) -> None:
    assert passes({"eventSource": ["aws:sqs"]}, record(body))
    assert not passes({"eventSource": ["aws:kinesis"]}, record(body))


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("7", ["7"]),
        ("7", [7]),
        ("7", [{"numeric": ["<", 8]}]),
        ("7", {"a": [{"exists": False}]}),
        ('"text"', ['"text"']),
        ('"text"', ["text"]),
        ("true", ["true"]),
        ("true", [True]),
        ("null", [None]),
        ("null", ["null"]),
    ],
)
def test_a_body_that_is_a_single_json_value_is_plain_text_as_well(body: str, rules: Any) -> None:
    assert passes({"body": rules}, record(body))
    assert not passes({"body": ["other"]}, record(body))
    assert not passes({"body": {"a": [7]}}, record(body))


def test_a_string_of_json_inside_a_body_stays_a_string() -> None:
    assert not holds({"detail": {"my-key": ["my-value"]}}, {"detail": '{"my-key": "my-value"}'})


def test_half_a_surrogate_pair_does_not_make_json_plain_text() -> None:
    assert passes({"body": {"a": [1]}}, record('{"a": 1, "cut": "\\ud83d"}'))


def test_metadata_can_be_filtered_with_or_without_the_body() -> None:
    sent = record("text", messageAttributes={"kind": {"stringValue": "order", "dataType": "String"}})

    assert passes({"messageAttributes": {"kind": {"stringValue": ["order"]}}}, sent)
    assert passes({"messageAttributes": {"kind": {"stringValue": ["order"]}}, "body": ["text"]}, sent)
    assert passes({"attributes": {"SenderId": [{"prefix": "AIDA"}]}}, sent)
    assert passes({"messageAttributes": {"other": {"stringValue": [{"exists": False}]}}}, sent)
    assert not passes({"messageAttributes": {"kind": {"stringValue": ["refund"]}}}, sent)
    assert not passes({"messageAttributes": {"kind": {"stringValue": ["order"]}}, "body": ["else"]}, sent)
    assert not passes({"attributes": {"ApproximateReceiveCount": [{"numeric": [">", 0]}]}}, sent)


def test_a_choice_may_be_between_body_and_metadata() -> None:
    pattern = {"$or": [{"body": {"a": [1]}}, {"awsRegion": ["eu-west-1"]}]}

    assert passes(pattern, record('{"a": 1}'))
    assert passes(pattern, record("text", awsRegion="eu-west-1"))
    assert not passes(pattern, record("text"))


# What AWS refuses.


def test_the_refusal_names_the_filter_at_fault_on_one_line() -> None:
    with pytest.raises(InvalidPattern, match=r"^filter 2: 'a\\nb': an empty array would match nothing$"):
        compile_filters(['{"a": [1]}', '{"a\\nb": []}'])


def test_as_many_and_as_long_patterns_are_taken_as_aws_takes() -> None:
    longest = '{"a":["' + "x" * (MAX_PATTERN_LENGTH - 10) + '"]}'

    compile_filters([longest] * MAX_FILTERS)
    with pytest.raises(InvalidPattern, match="at most 10 filters, not 11"):
        compile_filters([longest] * (MAX_FILTERS + 1))
    assert "longer than 4096 characters" in refusal(f" {longest}")


# Hostile messages.


@pytest.mark.parametrize(
    "body",
    [
        "[" * MEBIBYTE,
        '{"a":' * (MEBIBYTE // 5),
        "[" * 100_000 + "]" * 100_000,
        "1" * MEBIBYTE,
        '"' * MEBIBYTE,
        "\\" * MEBIBYTE,
        '{"a":' + "9" * 5000 + "}",
        "a" * MEBIBYTE,
        " " * MEBIBYTE,
        '{"a":"' + "a" * (MEBIBYTE - 10) + '"}',
        '{"a":[' + "{}," * 300_000 + "{}]}",
        '{"a":{"b":[' + "1," * 500_000 + "1]}}",
    ],
    ids=lambda body: body[:12],
)
def test_no_body_of_a_mebibyte_is_too_much(body: str) -> None:
    patterns = [
        {"body": {"a": [{"wildcard": "*b" * 60}, {"suffix": {"equals-ignore-case": "B"}}, {"numeric": ["<", 0]}]}},
        {"body": {"a": {"$or": [{"b": [2]}, {"c": [2]}, {"b": [{"prefix": "x"}], "d": [1]}]}}},
        {"body": [{"wildcard": "*b" * 60}, {"cidr": "10.0.0.0/8"}]},
    ]

    assert not compile_filters([json.dumps(pattern) for pattern in patterns]).matches(record(body))


def test_a_message_that_is_no_json_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_filters(['{"body":{"a":[1]}}'] * 5 + ['{"body":["b"]}'] * 5)
    read: list[str] = []
    decode = filters._decode

    def counted(text: str) -> Any:
        read.append(text)
        return decode(text)

    monkeypatch.setattr(filters, "_decode", counted)

    assert not compiled.matches(record("no json"))
    assert read == ["no json"]


def test_a_body_that_no_pattern_asks_for_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_filters(['{"awsRegion":["us-west-2"]}'])
    monkeypatch.setattr(filters, "_decode", None)

    assert compiled.matches(record("no json"))


# Properties.


@given(st.lists(patterns, max_size=3), records)
def test_a_record_passes_the_filters_if_it_passes_one_of_them(some: list[str], sent: dict[str, Any]) -> None:
    each = [compile_filters([pattern]).matches(sent) for pattern in some]

    assert compile_filters(some).matches(sent) == (any(each) or not some)


@given(patterns, st.dictionaries(st.sampled_from(["body", "messageAttributes", "x"]), values | st.binary()))
def test_records_of_any_shape_are_answered(pattern: str, sent: dict[str, Any]) -> None:
    assert compile_filters([pattern]).matches(sent) in (True, False)


@given(st.text(max_size=40) | values.map(json.dumps))
@example("[[[[")
@example('{"$or":[{"a":[1]},{"a":null}]}')
def test_a_pattern_compiles_or_is_refused(pattern: str) -> None:
    try:
        compile_filters([pattern]).matches(record("{}"))
    except InvalidPattern as refused:
        said = str(refused)
    else:
        said = "filter 1"
    assert said.startswith("filter 1")
    assert len(said.splitlines()) == 1
