"""Running tests of other folders once more, over another kind of store."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.many.stores import STORES
from tests.processes import bare_environ

ROOT = Path(__file__).parents[2]
# What counts the commands or connections of one server, or holds its own store to an account that has one.
COUNTING = "one_command or few_commands or a_command_for_each or holds_no_connection or refuses_is_missing"


def run_again(store: str, *files: str) -> None:
    """Run test files over a kind of store; each must pass, but for those that count what one server gets."""
    assert store in STORES
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # so that its tests wait for the turn of nobody
        told = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--store",
                store,
                "--tb",
                "short",
                "-k",
                f"not ({COUNTING})",
                *files,
            ],
            cwd=ROOT,
            env=bare_environ(TMPDIR=folder),
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 0, told.stdout[-20_000:] + told.stderr
