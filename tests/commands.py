"""karin's command line, each time in a process of its own that is forked from one which has loaded it all before.

What a command reads, does, prints and exits with is that of ``python -m karin``; but the third of a second of CPU time
that Python takes to load its modules is spent once for all tests of a process. How commands start, and how they get on
with shells and terminals, is tested with the real thing.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from karin.cli.main import entry

LOADED = ("karin.cli.changing", "karin.cli.doctoring", "karin.cli.reading", "karin.store.store", "botocore.session")
PATIENCE_SECONDS = 60

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload([__name__, *LOADED])


def run_command(environ: Mapping[str, str], *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command of karin as a script would that keeps what it reads and prints in files."""
    with tempfile.TemporaryDirectory() as name:
        given, output, errors = files = [Path(name) / file for file in ("stdin", "stdout", "stderr")]
        given.write_text(stdin)
        process = _forking.Process(target=_run, args=(arguments, dict(environ), files))
        process.start()
        process.join(PATIENCE_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["karin", *arguments], PATIENCE_SECONDS)
        return subprocess.CompletedProcess(
            ["karin", *arguments], process.exitcode, output.read_text(), errors.read_text()
        )


def _run(arguments: tuple[str, ...], environ: dict[str, str], files: list[Path]) -> None:
    for number, (file, mode) in enumerate(zip(files, ("rb", "wb", "wb"), strict=True)):
        with file.open(mode) as opened:
            os.dup2(opened.fileno(), number)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
    os.environ.clear()  # noqa: TID251 - the entry of a process
    os.environ.update(environ)  # noqa: TID251
    sys.argv = ["karin", *arguments]
    entry()
