"""What the tests of reading deployment files share: a project on disk, and its reading."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from karin.local.definition import Function, QueueMapping
from karin.local.project.assembly import Reading
from karin.local.project.choices import Choices
from karin.local.project.reading import find_file, read_project

ENDPOINT = "http://127.0.0.1:4000"
CODE = {"mail.py": "", "order.js": "", "src/deep.py": ""}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, each text without its indentation."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def read(folder: Path, text: str, name: str = "serverless.yml", **choices: object) -> Reading:
    """Read a deployment file with some code beside it."""
    write(folder, CODE | {name: text})
    return read_project(find_file(folder), Choices(ENDPOINT, **choices))  # type: ignore[arg-type]


def function_of(reading: Reading, name: str) -> Function:
    """Return a function of what was read."""
    found = reading.definition.function(name)
    assert found is not None, reading
    return found


def mapping_of(reading: Reading) -> QueueMapping:
    """Return the only mapping of what was read."""
    (mapping,) = reading.definition.mappings
    return mapping
