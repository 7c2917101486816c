"""One YAML or JSON file as plain data, with the line on which each of its values stands.

Scalars follow YAML 1.2's core schema, as the Serverless Framework reads them: ``yes`` and ``2012-10-17`` are text. The
short forms of CloudFormation's functions become their long ones: ``!GetAtt A.B`` is ``{"Fn::GetAtt": "A.B"}``.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from karin.local.definition import DefinitionError

Place = tuple[str | int, ...]

_STANDARD = "tag:yaml.org,2002:"
_UNPREFIXED = ("Ref", "Condition")  # the functions whose long form has no Fn::


class _Loader(yaml.SafeLoader):
    """Tells scalars apart by YAML 1.2's core schema; whole numbers that begin with 0 stay text, as account ids do."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - of yaml's own making


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_STANDARD}{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


class Document:
    """A file that was read: ``data`` of dicts with text keys, lists and scalars."""

    def __init__(self, path: Path, data: Any, lines: dict[Place, int]) -> None:
        self.path = path
        self.data = data
        self._lines = lines

    def line(self, place: Place) -> int | None:
        """Return the line of a value, or of the nearest one around it; None when the file has no lines to tell."""
        while place not in self._lines and place:
            place = place[:-1]
        return self._lines.get(place)


def read_document(path: Path) -> Document:
    """Read a file; raises DefinitionError with its line when it is not what its name says."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}: is not UTF-8 text") from error
    if path.suffix == ".json":
        try:
            return Document(path, json.loads(text), {})
        except ValueError as error:
            raise DefinitionError(f"{path}: is not JSON: {error}") from error
    try:
        node = yaml.compose(text, Loader=_Loader)
        tree = _Tree()
        data = None if node is None else tree.data(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise DefinitionError(f"{path}{line}: is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DefinitionError(f"{path}: is not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise DefinitionError(f"{path}: is nested too deeply, or an anchor refers to itself") from error
    return Document(path, data, tree.lines)


class _Tree:
    """Turns YAML's nodes into data, and notes the line of each value."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self._flat: set[int] = set()  # mappings whose << has been followed; an anchor's is met more than once

    def data(self, node: Node, place: Place) -> Any:
        """Return a node as data; raises yaml.MarkedYAMLError."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!") and tag != "!":
            name = tag[1:] if tag[1:] in _UNPREFIXED else f"Fn::{tag[1:]}"
            return {name: self._untagged(node, (*place, name))}
        return _scalar(node) if isinstance(node, ScalarNode) else self._untagged(node, place)

    def _untagged(self, node: Node, place: Place) -> Any:
        if isinstance(node, SequenceNode):
            return [self.data(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, place) if isinstance(node, MappingNode) else node.value

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        if id(node) not in self._flat:
            self._flat.add(id(node))
            _require_distinct_keys(node)
            SafeConstructor().flatten_mapping(node)  # puts what << names before the mapping's own
        values = {key.value: (key, value) for key, value in node.value}
        for name, (key, _) in values.items():
            self.lines.setdefault((*place, name), key.start_mark.line + 1)
        return {name: self.data(value, (*place, name)) for name, (_, value) in values.items()}


def _require_distinct_keys(node: MappingNode) -> None:
    met: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise ConstructorError(None, None, "a key must be text", key.start_mark)
        if key.value in met:
            raise ConstructorError(None, None, f"the key {key.value} stands here twice", key.start_mark)
        met.add(key.value)


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    match node.tag.removeprefix(_STANDARD):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if text[:2] in ("0o", "0x"):
            return int(text, 0)
        case "int":
            return int(text)
        case "float":
            return _number(text)
        case _:
            return text


def _number(text: str) -> float:
    stripped = text.lower().lstrip("+-").lstrip(".")
    if stripped == "nan":
        return math.nan
    if stripped == "inf":
        return -math.inf if text.startswith("-") else math.inf
    return float(text)
