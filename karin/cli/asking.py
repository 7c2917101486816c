"""Asking a person before something is done that cannot be undone."""

import sys

from karin.cli.main import CommandError, UsageError


def ask(question: str, *, otherwise: str) -> None:
    """Return if a person says yes; raises CommandError with ``otherwise``, or UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Say --yes, since nobody can be asked here")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise CommandError(otherwise)
