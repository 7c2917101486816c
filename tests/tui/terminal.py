"""A real terminal for a real process: tmux without a screen, on a socket of its own."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support import wait_until

T = TypeVar("T")
REST_SECONDS = 0.2  # longer than between two pieces of one picture


def require_tmux() -> None:
    """Skip where there is no tmux; in CI its absence is a failure."""
    if shutil.which("tmux") is None:
        if os.environ.get("CI") == "true":  # noqa: TID251 - a test may ask where it runs
            pytest.fail("tmux is missing: apt-get install tmux")
        pytest.skip("tmux is missing: apt-get install tmux")


class Terminal:
    """A program in a terminal, and what a person sees and types."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._socket = folder / "tmux.sock"
        self._exit_file = folder / "exit-code"
        self._environ = dict(environ)

    def start(self, command: list[str], columns: int, lines: int) -> None:
        """Run a program; its terminal stays open after its end."""
        # tmux knows an exit code, too, but not always: it may see the terminal closed before it sees the child end.
        script = ["sh", "-c", '"$@"; echo $? >"$0"; exec cat', str(self._exit_file), *command]
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(lines), *script)

    def screen(self) -> str:
        """Return what is seen."""
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.tmux("send-keys", "-l", text)

    def shows(self, text: str) -> None:
        """Wait until a text is seen."""
        self._wait(lambda: text in self.screen(), f"{text!r} is on the screen")

    def hides(self, text: str) -> None:
        """Wait until a text is seen no longer."""
        self._wait(lambda: text not in self.screen(), f"{text!r} is gone from the screen")

    def ends_with(self, text: str) -> None:
        """Wait until a text is the last that is seen."""
        self._wait(lambda: self.screen().rstrip().endswith(text), f"{text!r} is the last on the screen")

    def looks(self, as_it_should: Callable[[list[str]], bool], description: str) -> None:
        """Wait until the lines that are seen are as they should be: a program may not have drawn all of them yet."""
        self._wait(lambda: as_it_should(self.screen().splitlines()), description)

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that are seen, once two looks have found them alike."""

        def alike() -> list[str]:
            first = self.screen().splitlines()[-count:]
            threading.Event().wait(REST_SECONDS)
            return first if first == self.screen().splitlines()[-count:] else []

        return self._wait(alike, "the last lines rest")

    def exit_code(self) -> int:
        """Wait for the program's end; return its exit code."""
        return int(self._wait(self._ending, "the program ended"))

    def _ending(self) -> str:
        return self._exit_file.read_text().strip() if self._exit_file.exists() else ""

    def _wait(self, predicate: Callable[[], T], description: str) -> T:
        try:
            return wait_until(predicate, description, 20)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def tmux(self, *arguments: str) -> str:
        """Give tmux a command; return its answer."""
        command = ["tmux", "-S", str(self._socket), *arguments]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout


@contextmanager
def terminal(folder: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Yield a terminal; end whatever runs in it in the end."""
    require_tmux()
    opened = Terminal(folder, dict(environ) | {"TERM": "xterm-256color", "LANG": "C.UTF-8"})
    try:
        yield opened
    finally:
        opened.tmux("kill-server")
