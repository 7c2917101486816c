"""Filter rules: what a filter pattern holds the values of one field against.

The language is EventBridge's; where its user guide is silent, AWS's engine for it decides (github.com/aws/event-ruler).
The Lambda developer guide ("Filter rule syntax") documents these for filters: null, empty, equals, equals ignoring
case, and, or, or of several fields, not, numeric equals, numeric range, exists, does not exist, begins with, ends with.
The others here are EventBridge's alone: ``exactly``, ``wildcard``, ``cidr``, ``prefix`` and ``suffix`` ignoring case,
``anything-but`` with an operator inside.

Strings are compared character by character, numbers by value: 300, 300.0 and 3.0e2 are equal, which is what the live
service does, not what its guide says. EventBridge's old limit of 5e9 for numbers is not kept.

This module knows single values; objects, arrays and ``$or`` are ``karin.mapping.pattern``'s.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

Test = Callable[[Any], bool]  # of one JSON value that is neither array nor object

LONGEST_IP_ADDRESS = 45  # characters, of an IPv6 address that ends in an IPv4 one

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WILDCARD_PARTS = re.compile(r"\\[\\*]|\*|[^\\*]+|\\")


class RuleError(ValueError):
    """A pattern or a part of it that AWS would refuse; ``str`` says in one line what is wrong."""


class ValueRules(NamedTuple):
    """The rules for one field, ORed: a test for each of its values, and whether they want it to have none."""

    test: Test
    match_absence: bool


def compile_rules(rules: Sequence[Any]) -> ValueRules:
    """Compile the array that a pattern has for one field; raises RuleError."""
    if not rules:
        raise RuleError("an empty array would match nothing")
    plain = [rule for rule in rules if not isinstance(rule, dict)]
    tests = [_one_of(plain)] if plain else []
    match_absence = False
    for rule in rules:
        if not isinstance(rule, dict):
            continue
        name, operand = _only_item(rule)
        if name != "exists":
            tests.append(_operator(name, _OPERATORS)(operand))
        elif not isinstance(operand, bool):
            raise RuleError('"exists" takes true or false')
        elif operand:
            tests.append(_is_there)
        else:
            match_absence = True
    return ValueRules(_any_of(tests), match_absence)


def _is_there(_value: Any) -> bool:
    return True


def _any_of(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _one_of(values: Sequence[Any]) -> Test:
    """Test for equality with one of some strings, numbers and literals; ``true`` is no 1, as it would be in Python."""
    if any(isinstance(value, list) for value in values):
        raise RuleError("a value to match is a string, a number, true, false or null, not an array")
    strings = frozenset(value for value in values if isinstance(value, str))
    numbers = frozenset(value for value in values if _is_number(value))
    literals = [value for value in values if value is None or isinstance(value, bool)]

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in strings
        if _is_number(value):
            return value in numbers
        return any(value is literal for literal in literals)

    return test


def _prefix(operand: Any) -> Test:
    if isinstance(operand, dict):
        folded = _text_ignoring_case("prefix", operand)
        return lambda value: isinstance(value, str) and value[: len(folded)].lower() == folded
    text = _text("prefix", operand)
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(operand: Any) -> Test:
    if isinstance(operand, dict):
        folded = _text_ignoring_case("suffix", operand)
        return lambda value: isinstance(value, str) and value[max(0, len(value) - len(folded)) :].lower() == folded
    text = _text("suffix", operand)
    return lambda value: isinstance(value, str) and value.endswith(text)


def _equals_ignoring_case(operand: Any) -> Test:
    folded = _text("equals-ignore-case", operand).lower()
    # lengths first: a long value is not folded for nothing
    return lambda value: isinstance(value, str) and len(value) == len(folded) and value.lower() == folded


def _exactly(operand: Any) -> Test:
    return _one_of([_text("exactly", operand)])


def _wildcard(operand: Any) -> Test:
    """Match ``*`` with any characters or none; ``\\*`` and ``\\\\`` are the characters themselves.

    Each piece between two stars is looked for once, behind the piece before it: taking the first place that fits
    leaves the most for the rest, so nothing is ever tried again, however many stars there are.
    """
    pieces = _wildcard_pieces(_text("wildcard", operand))
    if len(pieces) == 1:
        return _one_of(pieces)
    first, *middle, last = pieces

    def test(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < len(first) + len(last):
            return False
        if not (value.startswith(first) and value.endswith(last)):
            return False
        start, end = len(first), len(value) - len(last)
        for piece in middle:
            found = value.find(piece, start, end)
            if found < 0:
                return False
            start = found + len(piece)
        return True

    return test


def _wildcard_pieces(text: str) -> list[str]:
    """Return what stands between the stars, at least one piece, unescaped."""
    pieces = [""]
    before = ""
    for part in _WILDCARD_PARTS.findall(text):
        if part == "\\":
            raise RuleError(r'"wildcard" knows no escapes but \* and \\')
        if part == "*":
            if before == "*":
                raise RuleError('"wildcard" allows no two stars in a row')
            pieces.append("")
        else:
            pieces[-1] += part[1] if part[0] == "\\" else part
        before = part
    return pieces


def _cidr(operand: Any) -> Test:
    address, _, bits = _text("cidr", operand).partition("/")
    if not (bits.isascii() and bits.isdecimal()):
        raise RuleError('"cidr" takes an address block such as "10.0.0.0/24"')
    try:
        network = ip_network((address, int(bits)), strict=False)
    except ValueError as error:
        raise RuleError(f'"cidr" takes an address block such as "10.0.0.0/24": {error}') from error

    def test(value: Any) -> bool:
        if not isinstance(value, str) or len(value) > LONGEST_IP_ADDRESS:
            return False
        try:
            return ip_address(value) in network
        except ValueError:
            return False

    return test


def _numeric(operand: Any) -> Test:
    """Compare with one number, or with the ends of a range, lower end first."""
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise RuleError('"numeric" takes an array such as ["=", 5] or [">", 0, "<=", 5]')
    signs, limits = operand[::2], operand[1::2]
    for sign, limit in zip(signs, limits, strict=True):
        if not isinstance(sign, str) or sign not in _COMPARISONS:
            raise RuleError(f'"numeric" compares with =, <, <=, > or >=, not with {repr(sign)[:50]}')
        if not _is_number(limit):
            raise RuleError(f'"numeric" compares with a number after {sign}')
    if len(signs) == 1:
        compare, limit = _COMPARISONS[signs[0]], limits[0]
        return lambda value: _is_number(value) and compare(value, limit)
    if signs[0] not in (">", ">=") or signs[1] not in ("<", "<=") or not limits[0] < limits[1]:
        raise RuleError('a "numeric" range has its lower end first, as in [">", 0, "<=", 5]')
    (above, below), (low, high) = (_COMPARISONS[sign] for sign in signs), limits
    return lambda value: _is_number(value) and above(value, low) and below(value, high)


def _anything_but(operand: Any) -> Test:
    """Match every value that is there but the excluded ones, whatever its type: null, too, is not ``"a"``."""
    if isinstance(operand, dict):
        name, excluded = _only_item(operand)
        build = _operator(name, _EXCLUDABLE)
        texts = excluded if isinstance(excluded, list) else [excluded]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise RuleError(f'"{name}" in "anything-but" takes a string or an array of strings')
        if name in ("prefix", "suffix") and "" in texts:
            raise RuleError(f'an empty "{name}" in "anything-but" would exclude every string')
        test = _any_of([build(text) for text in texts])
    else:
        values = operand if isinstance(operand, list) else [operand]
        if not values or not (all(isinstance(value, str) for value in values) or all(map(_is_number, values))):
            raise RuleError('"anything-but" takes a string, a number, or an array of strings or of numbers')
        test = _one_of(values)
    return lambda value: not test(value)


_EXCLUDABLE: Mapping[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignoring_case,
    "wildcard": _wildcard,
}
_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    **_EXCLUDABLE,
    "exactly": _exactly,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}


def _operator(name: str, known: Mapping[str, Callable[[Any], Test]]) -> Callable[[Any], Test]:
    if name not in known:
        raise RuleError(f"unknown operator {name[:50]!r}")
    return known[name]


def _only_item(rule: Mapping[str, Any]) -> tuple[str, Any]:
    if len(rule) != 1:
        raise RuleError(f"a rule is an object with one operator, not with {len(rule)}")
    return next(iter(rule.items()))


def _text(name: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise RuleError(f'"{name}" takes a string')
    return operand


def _text_ignoring_case(name: str, operand: Mapping[str, Any]) -> str:
    inner, text = _only_item(operand)
    if inner != "equals-ignore-case" or not isinstance(text, str):
        raise RuleError(f'"{name}" takes a string or {{"equals-ignore-case": a string}}')
    return text.lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
