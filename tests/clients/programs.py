"""Programs that use SQS on their own, each in a process: they take lines on stdin and tell by lines of JSON."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.sdks import HERE, INSTALLED
from tests.processes import bare_environ
from tests.support import wait_until

Told = dict[str, Any]

PATIENCE_S = 15.0  # less than the 20 s of a long poll that nothing ends


@dataclass(frozen=True)
class Program:
    """A running program; ``output`` is all that it told so far."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path

    def say(self, line: str) -> None:
        """Give the program a line on its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def told(self, wanted: Callable[[Told], object] = bool) -> list[Told]:
        """Return what the program told so far, of that what is wanted."""
        whole_lines = self.output.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        return [told for line in whole_lines if wanted(told := json.loads(line))]

    def tells(self, count: int, wanted: Callable[[Told], object] = bool) -> list[Told]:
        """Wait until the program told as many things of the wanted kind, and return them."""

        def enough() -> list[Told] | None:
            assert self.process.poll() is None or len(self.told(wanted)) >= count, self.errors.read_text()
            return told if len(told := self.told(wanted)) >= count else None

        try:
            return wait_until(enough, "the program told enough", PATIENCE_S)
        except AssertionError as error:
            error.add_note(f"It told {self.output.read_text()} and on stderr {self.errors.read_text()}")
            raise


@contextmanager
def program(command: list[str], **variables: str) -> Iterator[Program]:
    """Run a program without AWS around it; it is killed in the end, with whatever it started."""
    with tempfile.TemporaryDirectory(prefix="karin-client-") as folder:
        output, errors = Path(folder) / "stdout", Path(folder) / "stderr"
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                command,
                env=bare_environ(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")
                | variables,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        try:
            yield Program(process, output, errors)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            with suppress(ProcessLookupError):  # it may have ended by itself, with all it started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def node_program(name: str, given: Mapping[str, object], **variables: str) -> AbstractContextManager[Program]:
    """Run a program of ``node/`` with its argument."""
    modules = str(INSTALLED / "node" / "node_modules")
    return program(["node", str(HERE / "node" / name), json.dumps(given)], NODE_PATH=modules, **variables)
