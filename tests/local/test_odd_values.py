"""Deployment files with values where nobody would write them."""

import copy
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karin.local.definition import DefinitionError, load_definition
from karin.local.project.choices import Choices
from karin.local.project.document import read_document
from karin.local.project.reading import find_file, read_project
from tests.local.reading import ENDPOINT

EXAMPLES = Path(__file__).parents[2] / "examples"
ODD_VALUES: list[Any] = [
    None, True, -1, 1.5, "", "x", "\0", "${self:}", "${self:functions}", "${", "${file(~nobody/x.yml)}", {}, [],
    [["a"]], {"a": "b"}, {"Ref": [1]}, {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": [{}, "Arn"]},
    {"Fn::Sub": ["${a}", {"a": {}}]}, {"Fn::Join": ["", {"Ref": "AWS::NoValue"}]}, {"Fn::If": ["C", 1, 2]},
    {"Fn::Select": ["a", [1]]}, {"Fn::Split": ["", 1]}, {"Fn::FindInMap": [1, 2]}, {"Fn::ImportValue": {}},
    {"Fn::Base64": []},
]  # fmt: skip


def places(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where a value has values in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here] * bool(here) + [place for key, inner in items for place in places(inner, (*here, key))]


@pytest.mark.parametrize(("example", "name"), [("serverless", "serverless.json"), ("sam", "template.json")])
def test_no_value_wherever_it_stands_makes_the_reading_fail_otherwise_than_in_a_line(
    tmp_path: Path, example: str, name: str
) -> None:
    shutil.copytree(EXAMPLES / example, tmp_path, dirs_exist_ok=True)
    original = read_document(find_file(tmp_path)).data
    find_file(tmp_path).unlink()
    for index, place in enumerate(places(original)):
        for odd in (ODD_VALUES[index % len(ODD_VALUES)], ODD_VALUES[(7 * index + 3) % len(ODD_VALUES)]):
            data = copy.deepcopy(original)
            inner = data
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = odd
            (tmp_path / name).write_text(json.dumps(data))
            with suppress(DefinitionError):
                reading = read_project(tmp_path / name, Choices(ENDPOINT))
                (tmp_path / "definition.json").write_bytes(msgspec.json.encode(reading.definition))
                assert load_definition(tmp_path / "definition.json") == reading.definition
