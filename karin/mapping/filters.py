"""Lambda's event filtering for SQS: which messages a mapping's function gets to see.

Source: AWS Lambda developer guide, "Control which events Lambda sends to your function" and "Using event filtering with
an Amazon SQS event source"; the language of the patterns is in ``karin.mapping.pattern`` and ``karin.mapping.rules``.

What does not match is deleted. So what AWS documents is followed, and where it documents nothing a message matches
rather than not:

- The guide says that SQS mappings filter on ``body`` only, and also that a pattern may name metadata such as
  ``messageId`` or ``eventSourceARN``. So a pattern is held against the whole record, ``attributes`` and
  ``messageAttributes`` included. Their values are strings, which numeric rules never match.
- A body in one format never matches rules for the other: an object of rules is for JSON, an array of rules for plain
  text. A body such as ``123`` or ``"text"`` is either, and is held against both its text and its value.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from karin.mapping.pattern import MISMATCH, Reading, compile_pattern
from karin.mapping.rules import RuleError

MAX_FILTERS = 10  # AWS's highest quota; 5 unless it was raised
MAX_PATTERN_LENGTH = 4096  # characters


class InvalidPattern(ValueError):  # noqa: N818 - it says what is the case, as a person reads it
    """A filter that AWS would refuse; ``str`` says in one line which one it is and what is wrong with it."""


class Filters(msgspec.Struct, frozen=True):
    """A mapping's filters, compiled and ORed; none at all let every message pass."""

    patterns: tuple[Callable[[dict[str, Any]], bool], ...] = ()

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Tell whether the function is to get a record; ``record`` is a dict with the keys and values of its event."""
        if not self.patterns:
            return True
        event = dict(record)
        if isinstance(body := event.get("body"), str):
            event["body"] = _Body(body)
        return any(matches(event) for matches in self.patterns)


def compile_filters(patterns: Sequence[str]) -> Filters:
    """Compile the JSON patterns of a FilterCriteria; raises InvalidPattern for what AWS would refuse.

    An empty pattern ``{}`` names no field, so it matches every message; so does an empty list of patterns.
    """
    if len(patterns) > MAX_FILTERS:
        raise InvalidPattern(f"a mapping has at most {MAX_FILTERS} filters, not {len(patterns)}")
    return Filters(tuple(_compile(text, number) for number, text in enumerate(patterns, start=1)))


def _compile(text: str, number: int) -> Callable[[dict[str, Any]], bool]:
    if len(text) > MAX_PATTERN_LENGTH:
        raise InvalidPattern(f"filter {number} is longer than {MAX_PATTERN_LENGTH} characters")
    try:
        pattern = _decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPattern(f"filter {number} is not JSON: {error}") from error
    try:
        return compile_pattern(pattern, {"body": _BODY})
    except RuleError as error:
        raise InvalidPattern(f"filter {number}: {error}") from error


class _Body:
    """A message's body. It is read as JSON when a pattern first asks for it, and once at most."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def value(self) -> Any:
        """The JSON value, or MISMATCH when the text is none or is nested too deeply to be read."""
        try:
            return _decode(self.text)
        except (ValueError, RecursionError):
            return MISMATCH


def _as_text(body: Any) -> Any:
    if not isinstance(body, _Body):
        return body
    if isinstance(body.value, dict | list):
        return MISMATCH
    return body.text if body.value is MISMATCH else [body.text, body.value]


def _as_json(body: Any) -> Any:
    return body.value if isinstance(body, _Body) else body


_BODY = Reading(by_rules=_as_text, by_fields=_as_json)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


# Not msgspec, which refuses half a surrogate pair and so would take for plain text what JavaScript writes when it cuts
# a string in the middle of an emoji.
_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
