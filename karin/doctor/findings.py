"""What the doctor says: one finding for each thing that is wrong, or worth knowing."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is: a problem loses, strands or stops messages, or soon will; a note is advice."""

    PROBLEM = "problem"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One thing found. ``code`` is stable, for scripts; ``subject`` is a queue, a mapping, or a part of karin."""

    code: str
    severity: Severity
    subject: str
    what: str
    why: str
    fix: str


def problem(code: str, subject: str, what: str, *, why: str, fix: str) -> Finding:
    """Return a problem."""
    return Finding(code, Severity.PROBLEM, subject, what, why, fix)


def note(code: str, subject: str, what: str, *, why: str, fix: str) -> Finding:
    """Return a note."""
    return Finding(code, Severity.NOTE, subject, what, why, fix)
