"""Which Python and which Node.js run a project's functions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from karin.local.definition import Definition, DefinitionError, Function, Python
from karin.local.process import LocalLambda
from karin.local.project.interpreters import find_python, runtime_notes
from tests.local.support import client

ONE = Definition(functions=(Function(name="one", runtime="python3.11", code=".", handler="one.handle"),))
NODE = Definition(functions=(Function(name="one", runtime="nodejs20.x", code=".", handler="one.handle"),))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with a virtual environment that has a package of its own, and no awslambdaric."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    (packages,) = (tmp_path / ".venv" / "lib").glob("python*/site-packages")
    (packages / "only_here.py").write_text("WORD = 'theirs'\n")
    (packages / "msgspec.py").write_text("WORD = 'their msgspec'\n")
    (tmp_path / "one.py").write_text(
        "import only_here, msgspec, boto3\ndef handle(e, c): return [only_here.WORD, msgspec.WORD]\n"
    )
    return tmp_path


def test_a_projects_own_packages_are_there_before_karins(project: Path) -> None:
    python = find_python(ONE, project, {}, None)
    assert python is not None
    definition = {
        "functions": [{"name": "one", "runtime": "python3.11", "code": ".", "handler": "one.handle"}],
        "python": {"executable": python.executable, "awslambdaric": python.awslambdaric},
    }
    (project / "definition.json").write_text(json.dumps(definition))
    with LocalLambda(project / "definition.json") as service:
        answer = client("lambda", service.url).invoke(FunctionName="one")
        assert json.loads(answer["Payload"].read()) == ["theirs", "their msgspec"]


def test_an_active_environment_comes_before_that_in_the_project_and_a_chosen_one_before_both(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    active = tmp_path_factory.mktemp("active")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(active)], check=True)
    environ = {"VIRTUAL_ENV": str(active)}
    assert executable_of(find_python(ONE, project, environ, None)) == str(active / "bin" / "python")
    chosen = project / ".venv" / "bin" / "python"
    assert executable_of(find_python(ONE, project, environ, chosen)) == str(chosen)


def test_karins_own_environment_being_active_says_nothing_of_the_project(project: Path, tmp_path: Path) -> None:
    active = {"VIRTUAL_ENV": sys.prefix}
    assert executable_of(find_python(ONE, project, active, None)) == str(project / ".venv" / "bin" / "python")
    (tmp_path / "bare").mkdir()
    assert find_python(ONE, tmp_path / "bare", active, None) is None  # karin's own


def executable_of(python: Python | None) -> str:
    assert python is not None
    return python.executable


def test_without_python_functions_no_python_is_looked_for(project: Path) -> None:
    assert find_python(NODE, project, {}, Path("/nowhere/python")) is None


def test_a_python_of_another_version_must_have_the_client_itself(tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text('#!/bin/sh\necho \'{"version": [3, 99], "has_client": false}\'\n')
    other.chmod(0o755)
    with pytest.raises(DefinitionError, match=r"is Python 3\.99 and lacks awslambdaric .* -m pip install awslambdaric"):
        find_python(ONE, tmp_path, {}, other)
    other.write_text('#!/bin/sh\necho \'{"version": [3, 99], "has_client": true}\'\n')
    assert find_python(ONE, tmp_path, {}, other) == Python(str(other))
    (note,) = runtime_notes(ONE.functions, Python(str(other)), {})
    assert note == f"python3.11 is run by python3.99 ({other}): --python names another"


def test_what_is_no_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"/bin/true is not a Python that runs: choose another with --python"):
        find_python(ONE, tmp_path, {}, Path("/bin/true"))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "there is no node on PATH: install Node.js 18 or newer, or its functions fail"),
        ("echo v16.20.2", "is Node.js 16: install 18 or newer, or its functions fail"),
        ("exit 1", "does not run: install Node.js 18 or newer, or its functions fail"),
        ("echo v18.0.0", None),
    ],
)
def test_a_node_that_is_missing_or_too_old_is_told(tmp_path: Path, program: str | None, said: str | None) -> None:
    if program:
        (tmp_path / "node").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "node").chmod(0o755)
    notes = runtime_notes(NODE.functions, None, {"PATH": str(tmp_path)})
    assert [note.partition("node ")[2] if program else note for note in notes] == ([said] if said else [])
