"""Which Python and which Node.js run a project's functions: the project's own virtual environment, and PATH."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from karin.local.definition import Definition, DefinitionError, Function, Python

OLDEST_NODE = 18
ANSWER_SECONDS = 10
_ENVIRONMENTS = (".venv", "venv")
_PROBE = (
    "import importlib.util as u, json, sys;"
    "print(json.dumps({'version': sys.version_info[:2], 'has_client': u.find_spec('awslambdaric') is not None}))"
)


class _Probed(msgspec.Struct):
    version: tuple[int, int]
    has_client: bool


def find_python(definition: Definition, folder: Path, environ: Mapping[str, str], chosen: Path | None) -> Python | None:
    """Return the Python for a project's functions, None for karin's own; raises DefinitionError when it cannot be used.

    It is the one that was chosen, else that of the virtual environment that is active, unless that is karin's own, or
    that lies in the project.
    """
    if not any(function.runtime.startswith("python") for function in definition.functions):
        return None
    executable = chosen or _environment_of(folder, environ)
    if executable is None or executable.absolute() == Path(sys.executable):
        return None
    probed = _probe(executable)
    if probed.has_client:
        return Python(str(executable))
    if probed.version == sys.version_info[:2]:  # awslambdaric is compiled for one version of Python
        return Python(str(executable), sysconfig.get_path("platlib"))
    theirs, ours = ".".join(map(str, probed.version)), ".".join(map(str, sys.version_info[:2]))
    raise DefinitionError(
        f"{executable} is Python {theirs} and lacks awslambdaric (karin's own is for {ours}):"
        f" `{executable} -m pip install awslambdaric`, or choose another with --python"
    )


def runtime_notes(functions: Sequence[Function], python: Python | None, environ: Mapping[str, str]) -> list[str]:
    """Return what a person should know of the runtimes, in lines: a Python of another version, no usable Node.js."""
    notes = []
    wanted = {function.runtime for function in functions}
    if pythons := {name for name in wanted if name.startswith("python")}:
        version = _probe(Path(python.executable)).version if python else sys.version_info[:2]
        ours = f"python{version[0]}.{version[1]}"
        if others := sorted(pythons - {ours}):
            where = python.executable if python else sys.executable
            notes.append(f"{', '.join(others)} is run by {ours} ({where}): --python names another")
    if any(name.startswith("nodejs") for name in wanted) and (problem := _node_problem(environ)):
        notes.append(problem)
    return notes


def _environment_of(folder: Path, environ: Mapping[str, str]) -> Path | None:
    named = [Path(environ["VIRTUAL_ENV"])] if environ.get("VIRTUAL_ENV") else []
    # karin's own may be active only so that its commands are found: that says nothing of the project.
    active = [one for one in named if one.resolve() != Path(sys.prefix).resolve()]
    for environment in (*active, *(folder / name for name in _ENVIRONMENTS)):
        executable = environment / "bin" / "python"
        if executable.exists():
            return executable
    return None


def _probe(executable: Path) -> _Probed:
    try:
        answered = subprocess.run(
            [str(executable), "-c", _PROBE], capture_output=True, timeout=ANSWER_SECONDS, check=True
        )
        return msgspec.json.decode(answered.stdout, type=_Probed)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise DefinitionError(f"{executable} is not a Python that runs: choose another with --python") from error


def _node_problem(environ: Mapping[str, str]) -> str | None:
    found = shutil.which("node", path=environ.get("PATH"))
    if found is None:
        return f"there is no node on PATH: install Node.js {OLDEST_NODE} or newer, or its functions fail"
    try:
        answered = subprocess.run(
            [found, "--version"], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
        )
        major = int(answered.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return f"{found} does not run: install Node.js {OLDEST_NODE} or newer, or its functions fail"
    if major < OLDEST_NODE:
        return f"{found} is Node.js {major}: install {OLDEST_NODE} or newer, or its functions fail"
    return None
