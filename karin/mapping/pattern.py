"""Filter patterns: trees of fields, ANDed, with rules at their leaves.

Owns how a pattern walks an event: arrays of the event are crushed, any element may match, and the fields that one
object of the pattern names must be found in the same element. ``$or`` chooses between objects of fields. A dot joins
names, in patterns and in events, so ``{"a": {"b": [1]}}`` and ``{"a.b": [1]}`` are one pattern. All of that is
EventBridge's user guide and AWS's engine (github.com/aws/event-ruler); what a leaf holds a value against is
``karin.mapping.rules``'s. This module does not know what the event is.

An event is walked once for each part of the pattern that names its fields, without ever going back: at worst the
elements of an array times the rules for it. One difference to AWS: ``{"a": {"b": [1]}, "$or": [{"a": {"c": [1]}}, …]}``
may find ``b`` and ``c`` in different elements of ``a``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from karin.mapping.rules import RuleError, ValueRules, compile_rules

MAX_DEPTH = 100  # levels of a pattern; AWS names no limit, this one keeps the walk far from the interpreter's
OR = "$or"
RESERVED_IN_OR = frozenset(
    {
        "exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric", "cidr",
        "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
        "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
    }
)  # fmt: skip

# Verdicts on a part of a pattern, worst first. Absence is kept apart, because a field is absent from an array only if
# no element has it, while one element is enough for a value.
NO: Final = 0
BY_ABSENCE: Final = 1
BY_VALUE: Final = 2

ABSENT: Final[list[Any]] = []  # an empty array has no value either: as if the field were not there
MISMATCH: Final = object()  # what a reading returns when nothing in the pattern can match it

Rule = Callable[[Any], int]  # a part of a pattern, compiled: takes a JSON value, returns a verdict
Names = tuple[str, ...]


class Reading(NamedTuple):
    """How a top-level field of the event is seen by an array of rules, and how by an object of fields."""

    by_rules: Callable[[Any], Any]
    by_fields: Callable[[Any], Any]


class _Node:
    """A field of a pattern, or its top: the rules for its values, the fields inside it, the choices among those."""

    def __init__(self) -> None:
        self.rules: ValueRules | None = None
        self.fields: dict[str, _Node] = {}
        self.choices: list[list[_Node]] = []

    def may_be_absent(self) -> bool:
        """Tell whether the pattern holds for an object without this field."""
        return (
            (self.rules is None or self.rules.match_absence)
            and all(field.may_be_absent() for field in self.fields.values())
            and all(any(branch.may_be_absent() for branch in branches) for branches in self.choices)
        )

    def dotted(self) -> Iterator[str]:
        """Yield the names of what its fields have inside, joined by dots, as an event may spell them."""
        for name, field in self.fields.items():
            for inner in field.names():
                yield f"{name}.{inner}"

    def names(self) -> Iterator[str]:
        """Yield the names of everything below, also that of the choices."""
        yield from self.fields
        yield from self.dotted()
        for branches in self.choices:
            for branch in branches:
                yield from branch.names()


def compile_pattern(pattern: Any, readings: Mapping[str, Reading]) -> Callable[[dict[str, Any]], bool]:
    """Compile a decoded pattern into a test of events; raises RuleError for what AWS would refuse.

    ``readings`` are for the top-level fields that are not simply JSON. A pattern without fields asks for nothing.
    """
    if not isinstance(pattern, dict):
        raise RuleError("a pattern is a JSON object")
    top = _Node()
    if pattern:
        _grow(top, pattern, (), depth=0)
    _refuse_repetition(top, ())
    rule = _object_rule(top, readings)
    return lambda event: rule(event) != NO


def _grow(node: _Node, pattern: Mapping[str, Any], path: Names, depth: int) -> None:
    """Add an object of a pattern to the node of its field. Of a name that comes twice the last is taken."""
    if not pattern:
        raise RuleError(f"{_spelled(path)}: an empty object would match nothing")
    for name, value in pattern.items():
        if name == OR and _is_choice(value):
            node.choices.append([_branch(option, path, depth + 1) for option in value])
            continue
        steps = tuple(name.split("."))
        inner_path, inner_depth = path + steps, depth + len(steps)
        if inner_depth > MAX_DEPTH:
            raise RuleError(f"fields are nested deeper than {MAX_DEPTH} levels")
        field = node
        for step in steps:
            field = field.fields.setdefault(step, _Node())
        if isinstance(value, dict):
            _grow(field, value, inner_path, inner_depth)
        elif isinstance(value, list):
            try:
                field.rules = compile_rules(value)
            except RuleError as error:
                raise RuleError(f"{_spelled(inner_path)}: {error}") from error
        else:
            raise RuleError(f"{_spelled(inner_path)}: a field takes an array of values or an object of fields")


def _branch(pattern: Mapping[str, Any], path: Names, depth: int) -> _Node:
    if depth > MAX_DEPTH:
        raise RuleError(f'"{OR}" is nested deeper than {MAX_DEPTH} levels')
    node = _Node()
    _grow(node, pattern, path, depth)
    return node


def _is_choice(value: Any) -> bool:
    """Tell whether AWS reads ``$or`` as a choice; otherwise it is the name of a field."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(option, dict) and RESERVED_IN_OR.isdisjoint(option) for option in value)
    )


def _refuse_repetition(node: _Node, path: Names) -> set[Names]:
    """Return the fields with rules; raises RuleError for one that a ``$or`` rules again.

    AWS lets the rules win that come last in the text. Nobody can mean that, and messages would be deleted by it.
    """
    ruled = {path} if node.rules else set[Names]()
    for name, field in node.fields.items():
        ruled |= _refuse_repetition(field, (*path, name))
    for branches in node.choices:
        chosen = set[Names]().union(*(_refuse_repetition(branch, path) for branch in branches))
        if twice := ruled & chosen:
            raise RuleError(f'{_spelled(min(twice))}: has rules in a "{OR}" and beside it')
        ruled |= chosen
    return ruled


def _spelled(path: Names) -> str:
    """Return the name of a field for an error message: quoted, on one line, not endless."""
    return repr(".".join(path)[:100])


def _field_rule(node: _Node, reading: Reading | None) -> Rule:
    """Compile what a pattern says of one field; the rule takes the field's value, or ABSENT."""
    parts: list[Rule] = []
    if node.rules:
        by_values = _values_rule(node.rules)
        parts.append(_read_first(reading.by_rules, by_values) if reading else by_values)
    if node.fields or node.choices:
        by_fields = _fields_rule(_object_rule(node, {}))
        parts.append(_read_first(reading.by_fields, by_fields) if reading else by_fields)
    if len(parts) == 1:
        return parts[0]
    by_values, by_fields = parts

    def rule(value: Any) -> int:  # {"a": [1]} and {"a.b": [2]}: an array may satisfy both
        verdict = by_values(value)
        return max(verdict, inner) if verdict and (inner := by_fields(value)) else NO

    return rule


def _read_first(read: Callable[[Any], Any], rule: Rule) -> Rule:
    def read_and_hold(value: Any) -> int:
        seen = read(value)
        return NO if seen is MISMATCH else rule(seen)

    return read_and_hold


def _values_rule(rules: ValueRules) -> Rule:
    """Compile the rules of a leaf. Any value in an array may match; an object is no value, so there is none."""
    test = rules.test
    without_value = BY_ABSENCE if rules.match_absence else NO

    def rule(value: Any) -> int:
        verdict = without_value
        for item in _elements(value) if isinstance(value, list) else (value,):
            if isinstance(item, dict):
                continue
            if test(item):
                return BY_VALUE
            verdict = NO
        return verdict

    return rule


def _fields_rule(object_rule: Rule) -> Rule:
    """Compile the fields inside a field whose value may be an object, an array of objects, or neither."""
    without_object = object_rule({})

    def rule(value: Any) -> int:
        if isinstance(value, dict):
            return object_rule(value)
        verdict = without_object
        for item in _elements(value) if isinstance(value, list) else ():
            if isinstance(item, dict):
                found = object_rule(item)
                if found == BY_VALUE:
                    return BY_VALUE
                verdict = min(verdict, found)
        return verdict

    return rule


def _object_rule(node: _Node, readings: Mapping[str, Reading]) -> Rule:
    """Compile the fields of a node; the rule takes one object of the event."""
    rules = {name: _field_rule(field, readings.get(name)) for name, field in node.fields.items()}
    fields = tuple((name, rule, rule(ABSENT)) for name, rule in rules.items())
    choices = tuple(_choice_rule(branches, readings) for branches in node.choices)
    dotted = frozenset(node.dotted())

    def rule(event: dict[str, Any]) -> int:
        opened = event
        if dotted and not event.keys().isdisjoint(dotted):
            opened = _without_dots(event, dotted, node.fields)
        verdict = BY_ABSENCE
        for name, hold, when_absent in fields:
            found = hold(opened[name]) if name in opened else when_absent
            if found == NO:
                return NO
            if found > verdict:
                verdict = found
        for choose in choices:
            found = choose(event)
            if found == NO:
                return NO
            if found > verdict:
                verdict = found
        return verdict

    return rule


def _choice_rule(branches: Sequence[_Node], readings: Mapping[str, Reading]) -> Rule:
    """Compile a ``$or``; the rule takes one object and returns the best verdict of the branches.

    A branch that needs some field is tried only if the object has it: an array may hold very many objects.
    """
    needing: dict[str, list[Rule]] = {}
    needing_none: list[Rule] = []
    for branch in branches:
        rule = _object_rule(branch, readings)
        needed = next((name for name, field in branch.fields.items() if not field.may_be_absent()), None)
        if needed is None:
            needing_none.append(rule)
            continue
        for spelled in (needed, *(f"{needed}.{inner}" for inner in branch.fields[needed].names())):
            needing.setdefault(spelled, []).append(rule)

    def choose(event: dict[str, Any]) -> int:
        verdict = NO
        for rules in (needing_none, *(needing[name] for name in needing.keys() & event.keys())):
            for rule in rules:
                found = rule(event)
                if found == BY_VALUE:
                    return BY_VALUE
                verdict = max(verdict, found)
        return verdict

    return choose


def _without_dots(event: dict[str, Any], dotted: frozenset[str], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named fields of an object with those in it that are spelled ``a.b``."""
    opened = {name: event[name] for name in names if name in event}
    for joined in dotted & event.keys():
        name, _, inner = joined.partition(".")
        beside = opened.get(name, {})
        if isinstance(beside, dict) and inner not in beside:
            opened[name] = {**beside, inner: event[joined]}
        else:
            opened[name] = [beside, {inner: event[joined]}]
    return opened


def _elements(array: list[Any]) -> Iterator[Any]:
    """Yield what is in an array and in the arrays inside it, at any depth, in no particular order."""
    rest = [array]
    while rest:
        for item in rest.pop():
            if isinstance(item, list):
                rest.append(item)
            else:
                yield item
