"""The doctor's findings: what keeps messages from arriving, why, and what to do."""

from karin.doctor.findings import Finding, Severity
from karin.operations.wording import counted
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Detail, Row, Section, Sign, Subject, View
from karin.tui.views.text import one_line, printable
from karin.tui.world import World

PROBLEM = Sign("x", "red", "a problem: it loses, strands or stops messages, or soon will")
NOTE = Sign("!", "yellow", "a note: advice")
_SIGNS = {Severity.PROBLEM: PROBLEM, Severity.NOTE: NOTE}
LOOKING = "looking… it asks AWS, the store and this machine, which takes some seconds"
NEVER_LOOKED = "the doctor has not looked yet: ctrl+r lets it look"


class DoctorView(View):
    """One row per finding, problems first. The doctor looks only when it is asked."""

    name = "doctor"
    title = "Doctor"
    columns = (
        Column(" "),
        Column("SUBJECT", is_flexible=True),
        Column("WHAT", is_flexible=True, is_sentence=True),
    )
    signs = (PROBLEM, NOTE)

    def rows(self, world: World, now: Now) -> list[Row] | None:  # noqa: ARG002 - findings tell no instants
        """Return a row for each finding; None while the doctor looks and has said nothing yet."""
        examination = world.examination
        if examination is None:
            return []
        if examination.is_running and not examination.findings:
            return None
        return [_row(key, finding) for key, finding in _keyed(examination.findings)]

    def empty(self, world: World) -> str:
        """Say why there are none."""
        if world.examination is None:
            return NEVER_LOOKED
        if world.examination.problem:
            return "the doctor could not look, so nobody knows"
        return "nothing is wrong"

    def headline(self, world: World, now: Now) -> str:
        """Return how much was found and when, or what is in the way."""
        examination = world.examination
        if examination is None:
            return ""
        if examination.is_running:
            return LOOKING
        again = f"looked {now.relative(examination.begun_at_ms)}; ctrl+r looks again"
        if examination.problem:
            return f"{again}; {one_line(examination.problem)}"
        if not examination.findings:
            return again
        problems = sum(finding.severity is Severity.PROBLEM for finding in examination.findings)
        notes = len(examination.findings) - problems
        return f"{counted(problems, 'problem')}, {counted(notes, 'note')}, {again}"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:  # noqa: ARG002 - findings tell no instants
        """Return all that the doctor says of a finding."""
        findings = world.examination.findings if world.examination else ()
        finding = next((one for at, one in _keyed(findings) if at == key), None)
        if finding is None:
            return None
        return Detail(
            f"{finding.severity.value}: {one_line(finding.subject)}",
            (
                Section("what", text=printable(finding.what)),
                Section("why it matters", text=printable(finding.why)),
                Section("what to do", text=printable(finding.fix)),
                Section("in scripts", text=finding.code),
            ),
            _subject(finding),
            raw=finding.fix,
        )

    def facts(self, world: World) -> object:
        """Return the examination."""
        return world.examination


def _keyed(findings: tuple[Finding, ...]) -> list[tuple[str, Finding]]:
    """Return each finding with a key that the next examination gives it again."""
    seen: dict[str, int] = {}
    keyed = []
    for finding in findings:
        name = f"{finding.code} {finding.subject}"
        seen[name] = seen.get(name, 0) + 1
        keyed.append((name if seen[name] == 1 else f"{name} {seen[name]}", finding))
    return keyed


def _subject(finding: Finding) -> Subject:
    return Subject(f"{finding.subject}: {finding.what}")


def _row(key: str, finding: Finding) -> Row:
    sign = _SIGNS[finding.severity]
    return Row(
        key,
        (
            Cell(sign.character, f"bold {sign.style}"),
            Cell(one_line(finding.subject)),
            Cell(one_line(finding.what), sign.style),
        ),
        _subject(finding),
    )
