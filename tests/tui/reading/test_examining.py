"""Letting the doctor look: what it found, or why it could not look, whatever became of its process."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from karin.doctor.findings import Severity
from karin.tui.actions.action import DeedFailed
from karin.tui.reading.children import run_karin
from karin.tui.reading.examining import examine
from karin.tui.world import Examination
from tests.processes import bare_environ, running_store


def test_the_doctor_of_a_real_karin_tells_its_findings(tmp_path: Path) -> None:
    with running_store(tmp_path) as url:
        environ = bare_environ(KARIN_HOME=str(tmp_path), REDIS_URL=url)
        examination = examine(lambda arguments: run_karin(arguments, environ), 5_000)

    assert (examination.is_running, examination.begun_at_ms, examination.problem) == (False, 5_000, "")
    found = {finding.code: finding for finding in examination.findings}
    assert found["no-scheduler"].severity is Severity.PROBLEM
    assert found["aws-unreadable"].what
    assert found["no-persistence"].fix
    severities = [finding.severity for finding in examination.findings]
    assert severities == sorted(severities, key=lambda severity: severity is not Severity.PROBLEM)


def test_what_the_command_is_asked(tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []

    def run(arguments: Sequence[str]) -> str:
        asked.append(arguments)
        return '{"healthy": true, "findings": [], "more": 1}'

    assert examine(run, 7) == Examination(is_running=False, begun_at_ms=7)
    assert [list(arguments) for arguments in asked] == [["doctor", "--json"]]


def test_without_a_karin_the_problem_is_the_commands_own_line(tmp_path: Path) -> None:
    environ = bare_environ(KARIN_HOME=str(tmp_path))
    examination = examine(lambda arguments: run_karin(arguments, environ), 0)
    assert examination.findings == ()
    assert examination.problem.startswith("karin is not running here")


@pytest.mark.parametrize(
    "printed", ["", "nothing is wrong: 23 checks", "{}", '{"findings": [{"code": "x"}]}', '{"findings": null}']
)
def test_what_cannot_be_understood_is_a_problem_in_one_line(printed: str) -> None:
    examination = examine(lambda _: printed, 0)
    assert examination.findings == ()
    assert examination.problem.startswith("karin doctor said something that this karin-tui does not understand: ")
    assert "\n" not in examination.problem


def test_a_failure_is_a_problem_and_no_exception() -> None:
    def run(_: Sequence[str]) -> str:
        raise DeedFailed("karin doctor was killed")

    assert examine(run, 1) == Examination(is_running=False, begun_at_ms=1, problem="karin doctor was killed")
