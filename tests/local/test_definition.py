"""Reading a definition, and what is said of a wrong one."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from karin.clock import SystemClock
from karin.local.definition import load_definition
from karin.local.hello import DEFINITION as HELLO
from karin.local.service import main

FUNCTION = {"name": "f", "runtime": "python3.11", "code": ".", "handler": "h.h"}
WRONG: list[tuple[object, str]] = [
    ({"functions": [{"name": "f"}]}, "Object missing required field `runtime` - at `$.functions[0]`"),
    ({"functions": [FUNCTION | {"timeout": 3}]}, "Object contains unknown field `timeout` - at `$.functions[0]`"),
    ({"functions": [FUNCTION | {"timeout_seconds": 0}]}, "Expected `int` >= 1 - at `$.functions[0].timeout_seconds`"),
    ({"functions": [FUNCTION | {"code": "nowhere"}]}, "function f: its code directory"),
    ({"functions": [FUNCTION | {"handler": "h"}]}, "function f: handler 'h' is not written module.function"),
    ({"functions": [FUNCTION, FUNCTION]}, "function f is defined twice"),
    ({"queues": [{"name": "q"}, {"name": "q"}]}, "queue q is defined twice"),
    ({"queues": [{"name": "q", "attributes": {"Colour": "red"}}]}, "queue q: Unknown Attribute Colour."),
    ({"mappings": [{"queue": "q", "function": "f"}]}, "a mapping reads queue 'q', which is not among the queues"),
    (
        {"queues": [{"name": "q"}], "mappings": [{"queue": "q", "function": "f:live"}]},
        "a mapping calls function 'f:live', which is not among the functions",
    ),
    ({"account_id": "12"}, "Expected `str` matching regex"),
]


def run(path: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "karin.local", str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize(("definition", "sentence"), WRONG)
def test_a_wrong_definition_is_named_in_one_line(tmp_path: Path, definition: Any, sentence: str) -> None:
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    stdout, stderr = StringIO(), StringIO()
    assert main([str(path)], {}, SystemClock(), stdout, stderr) == 2  # in this process: it must not begin to serve
    assert stdout.getvalue() == ""
    assert stderr.getvalue().startswith(f"karin.local: {path}: {sentence}")
    assert stderr.getvalue().count("\n") == 1


def test_a_definition_that_is_missing_or_not_json_is_named_in_one_line(tmp_path: Path) -> None:
    missing = run(tmp_path / "none.json")
    assert missing.returncode == 2
    assert missing.stderr == f"karin.local: {tmp_path}/none.json: cannot be read: No such file or directory\n"
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    assert run(path).stderr == f"karin.local: {path}: Input data was truncated\n"


def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    ended = run(HELLO, "--bind", "4000")
    assert ended.returncode == 2
    assert "4000 is not an address: write host:port" in ended.stderr


def test_the_demos_definition_maps_its_queue_to_its_function() -> None:
    definition = load_definition(HELLO)
    (mapping,) = definition.mappings
    assert (mapping.queue, mapping.function, mapping.batch_size, mapping.enabled) == ("hello", "hello", 10, False)
    assert (definition.account_id, definition.region) == ("000000000000", "us-east-1")
