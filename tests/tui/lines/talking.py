"""A real program behind two pipes, and what a person reads and types there."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from tests.support import wait_until

PATIENCE_SECONDS = 20


class Talk:
    """A program that is talked to line by line."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._output = bytearray()
        self._errors = bytearray()
        self._heard_to = 0
        assert self._process.stdout
        assert self._process.stderr
        self._readers = [
            threading.Thread(target=_collect, args=(stream, into), daemon=True)
            for stream, into in ((self._process.stdout, self._output), (self._process.stderr, self._errors))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def output(self) -> str:
        """Return everything that was printed so far."""
        return self._output.decode()

    @property
    def errors(self) -> str:
        """Return what was printed to standard error."""
        return self._errors.decode()

    def has_ended(self) -> bool:
        """Tell whether the program has ended."""
        return self._process.poll() is not None

    def forgets(self) -> None:
        """Leave unheard what was printed so far."""
        self._heard_to = len(self._output)

    def hears(self, text: str) -> str:
        """Wait until a text is printed after what was heard before; return all since then, the text included."""
        before = self._heard_to

        def heard() -> bool:
            return self._output.find(text.encode(), before) >= 0

        try:
            wait_until(heard, f"{text!r} is printed", PATIENCE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}\n{self.errors}") from None
        self._heard_to = self._output.find(text.encode(), before) + len(text.encode())
        return self._output[before : self._heard_to].decode()

    def types(self, line: str) -> None:
        """Type a line."""
        self.writes(f"{line}\n".encode())

    def writes(self, raw: bytes) -> None:
        """Send bytes as they are."""
        assert self._process.stdin
        self._process.stdin.write(raw)
        self._process.stdin.flush()

    def says(self, line: str, then: str) -> str:
        """Type a line, and return what is printed up to a text."""
        self.types(line)
        return self.hears(then)

    def hangs_up(self) -> None:
        """Type nothing any more."""
        assert self._process.stdin
        self._process.stdin.close()

    def interrupts(self, signal_number: int) -> None:
        """Send a signal to the program."""
        self._process.send_signal(signal_number)

    def exit_code(self) -> int:
        """Wait for the program's end; return its exit code."""
        code = self._process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        return code

    def close(self) -> None:
        """End the program if it is still there."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                stream.close()


@contextmanager
def talk(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Talk]:
    """Yield a program that runs; end it in the end."""
    talking = Talk(command, environ)
    try:
        yield talking
    finally:
        talking.close()


def _collect(stream: IO[bytes], into: bytearray) -> None:
    while piece := os.read(stream.fileno(), 65536):
        into += piece
