"""Mutation guided by coverage: atheris gives each target's seeds new bytes as long as they reach new code of karin.

It is no part of the environment for development, since it is built for few platforms: ``make fuzz ARGS=--guided``
installs it from a lock file of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.campaign import TARGETS, Part, Result


class AtherisMissing(Exception):  # noqa: N818 - it says what is the case
    """There is no atheris for this platform, or it is not installed."""


def guided(found: list[Part], seed: int) -> Iterator[Result]:
    """Let atheris run parts, each in a process of its own, and yield what came of each."""
    if find_spec("atheris") is None:
        raise AtherisMissing('atheris is not installed: run make fuzz ARGS="--guided", on Linux on x86-64')
    wanted = Counter[str]()  # a target's pieces are one: what was reached guides the rest
    for part in found:
        wanted[part.name] += part.inputs
    for name, inputs in wanted.items():
        with tempfile.TemporaryDirectory() as folder:
            yield _run(Part("guided", name, inputs), seed, Path(folder))


def _run(part: Part, seed: int, folder: Path) -> Result:
    corpus, told = folder / "corpus", folder / "told.json"
    corpus.mkdir()
    target = next(target for target in TARGETS if target.name == part.name)
    for number, data in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(data)
    command = [sys.executable, "-m", "tests.fuzz.guided", part.name, str(part.inputs), str(told)]
    options = [
        f"-seed={seed or 1}",
        "-max_len=4000",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=0",
        str(corpus),
    ]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace", check=False)
    result = Result(part)
    if told.exists():
        result = Result(part, **json.loads(told.read_text(encoding="utf-8")))
    if ended.returncode or not told.exists():
        crashes = [path.read_bytes() for path in folder.glob("*-*") if path.is_file()]
        result.failures.append(f"{ended.stderr[-3_000:]}\ninputs: {crashes}")
    return result
