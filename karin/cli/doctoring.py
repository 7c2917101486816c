"""``karin doctor``: what keeps messages from arriving, why that matters, and what to do about it."""

import argparse
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from karin.cli.importing import import_queue
from karin.cli.main import EXIT_DONE, EXIT_FAILED
from karin.cli.printing import print_json
from karin.doctor.examination import CHECKS, examine
from karin.doctor.findings import Finding, Severity
from karin.doctor.gathering import gather
from karin.finding import find
from karin.operations.printing import one_line
from karin.operations.wording import counted

COLUMNS = 80
INDENT = "  "


def doctor(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Examine karin, its store and its deployment; exit 1 when there is a problem, 0 with nothing but notes.

    With ``--import`` it fetches messages out of the real SQS instead.
    """
    if options.imported:
        return import_queue(options, find(environ).context)
    findings = examine(gather(find(environ), environ, Path.cwd()))
    if options.json:
        print_json({"healthy": not _problems(findings), "findings": findings})
    else:
        print("\n\n".join([*_paragraphs(findings), _summary(findings)]))
    return EXIT_FAILED if _problems(findings) else EXIT_DONE


def _problems(findings: Sequence[Finding]) -> int:
    return sum(finding.severity is Severity.PROBLEM for finding in findings)


def _paragraphs(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield texts of at most 80 columns: what in the first lines, then why, then what to do.

    Findings of one kind that differ only in their subject share a text.
    """
    for (_, why, fix), alike in groupby(findings, key=lambda one: (one.code, one.why, one.fix)):
        heads = (f"{one.severity.value}: {one.subject}: {one.what}" for one in alike)
        yield "\n".join([
            *(_wrapped(head, "", INDENT) for head in heads),
            _wrapped(why, INDENT, INDENT),
            _wrapped(fix, f"{INDENT}-> ", f"{INDENT}   "),
        ])  # fmt: skip


def _wrapped(text: str, first: str, others: str) -> str:
    return textwrap.fill(
        one_line(text),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(findings: Sequence[Finding]) -> str:
    problems = _problems(findings)
    notes = len(findings) - problems
    if not findings:
        return f"nothing is wrong: {len(CHECKS)} checks"
    return f"{counted(problems, 'problem')}, {counted(notes, 'note')}"
