"""The two ends of a pipe: lines that a person types, and text that is printed and commands no terminal."""

import io
import os
import select
import sys

from karin.tui.views.text import printable


class Ended(Exception):  # noqa: N818 - it says what is the case
    """Nobody types any more: the input has ended."""


class Console:
    """Standard input and output of this process."""

    def __init__(self) -> None:
        # What cannot be written where this is read is written out, and what cannot be read is found by its surrogates.
        _tolerate(sys.stdout, "backslashreplace")
        _tolerate(sys.stdin, "surrogateescape")

    def say(self, text: str = "") -> None:
        """Print a text of any number of lines, and let it be seen at once: what follows may take its time."""
        print(printable(text), flush=True)

    def ask(self, prompt: str) -> str:
        """Print a prompt and return the line that is typed, without its end. Raises Ended.

        The prompt has no line end, because whoever types behind a pipe sees their own, and is written out at once.
        """
        while True:
            print(printable(prompt), end="", flush=True)
            line = sys.stdin.readline() if sys.stdin else ""
            if not line:
                raise Ended
            if line.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in line):
                return line.rstrip("\r\n")
            self.say("that line is not UTF-8: type it again")

    def has_ended(self) -> bool:
        """Tell whether the input is known to hold nothing any more, without waiting for it."""
        if not sys.stdin:
            return True
        readable, _, _ = select.select([sys.stdin], [], [], 0)
        return bool(readable) and isinstance(sys.stdin.buffer, io.BufferedReader) and not sys.stdin.buffer.peek(1)

    def abandon(self) -> None:
        """Throw away what nobody reads any more, so that the end of this process does not complain of it."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tolerate(stream: object, errors: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=errors)
