"""Asking a person before something is done that cannot be undone.

The question goes to the terminal, and never among what a command prints: a program may be reading that.
"""

import sys
from typing import TextIO

from karin.cli.layout import terminal_columns, wrapped
from karin.cli.main import CommandError, UsageError


def ask(question: str, *, otherwise: str) -> None:
    """Return if a person says yes; raises CommandError with ``otherwise``, or UsageError where nobody can be asked."""
    if _answer(question, "[y/N] ", otherwise).lower() not in ("y", "yes"):
        raise CommandError(otherwise)


def ask_to_type(word: str, question: str, request: str, *, otherwise: str) -> None:
    """Return if a person types a word that nobody types by mistake; raises as ``ask`` does."""
    if _answer(question, f"{request}: ", otherwise) != word:
        raise CommandError(otherwise)


def _answer(question: str, request: str, otherwise: str) -> str:
    """Return the line that a person types; an end of input or an interrupt is as good as a no."""
    terminal = _terminal()
    if terminal is None:
        raise UsageError(f"{question} Say --yes, since nobody can be asked here")
    *lines, last = wrapped(f"{question} {request.strip()}", terminal_columns(terminal))
    try:
        print(*lines, f"{last} ", sep="\n", end="", file=terminal, flush=True)
        typed = sys.stdin.buffer.readline()
    except KeyboardInterrupt:
        typed = b""
    if not typed.endswith(b"\n"):  # the cursor still stands behind the question
        print(file=terminal)
    if not typed:
        raise CommandError(otherwise)
    return typed.decode(errors="replace").strip()


def _terminal() -> TextIO | None:
    """Return where a person sees a question and answers it, None when nobody would."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    return next((stream for stream in (sys.stderr, sys.stdout) if stream is not None and stream.isatty()), None)
