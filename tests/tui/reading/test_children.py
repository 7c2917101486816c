"""Commands of karin in processes of their own: what they print, what they say when they fail, and how they end."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from karin import __version__
from karin.tui.actions.action import DeedFailed
from karin.tui.reading import children
from karin.tui.reading.children import run_karin
from tests.processes import bare_environ, running_store


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return bare_environ(KARIN_HOME=str(tmp_path))


def failure(arguments: list[str], environ: dict[str, str]) -> str:
    """Return what is said when a command fails."""
    with pytest.raises(DeedFailed) as failed:
        run_karin(arguments, environ)
    return str(failed.value)


def test_what_a_command_prints_is_returned(environ: dict[str, str]) -> None:
    assert run_karin(["--version"], environ) == f"karin {__version__}\n"


def test_a_failure_says_the_commands_last_line_without_its_name(environ: dict[str, str]) -> None:
    said = failure(["status", "--json"], environ)
    assert said.startswith("karin is not running here (nothing in ")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"KARIN_BIND": "nowhere"}, ["queues"], "KARIN_BIND=nowhere is not an address"),
        ({"REDIS_URL": "redis://127.0.0.1:9"}, ["queues"], "the store does not serve"),
        ({}, ["nonsense"], "nonsense"),
    ],
)
def test_each_kind_of_failure_is_one_line(
    environ: dict[str, str], variables: dict[str, str], arguments: list[str], said: str
) -> None:
    line = failure(arguments, environ | variables)
    assert said in line
    assert "\n" not in line


def test_an_exit_code_beside_json_is_no_failure(tmp_path: Path) -> None:
    with running_store(tmp_path) as url:
        printed = run_karin(["status", "--json"], bare_environ(KARIN_HOME=str(tmp_path), REDIS_URL=url))
    assert msgspec.json.decode(printed)["schedulers_alive"] == 0  # for which it exits with 1


def test_a_folder_in_which_a_person_stands_provides_no_modules(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "karin.py").write_text("print('not this one')")
    monkeypatch.chdir(tmp_path)
    assert run_karin(["--version"], environ) == f"karin {__version__}\n"


def test_a_command_is_asked_for_nothing_on_standard_input(environ: dict[str, str]) -> None:
    with running_store(Path(environ["KARIN_HOME"])):
        said = failure(["purge", "jobs"], environ)
    assert said


def test_a_command_that_takes_too_long_is_ended(environ: dict[str, str]) -> None:
    with pytest.raises(DeedFailed, match=r"^karin doctor was not done after 0\.05 s, and was ended$"):
        run_karin(["doctor", "--json"], environ, timeout_seconds=0.05)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("kill -9 $$", "karin sync was killed: the machine may have no memory left for it"),
        ("kill -15 $$", "karin sync ended by signal 15 and said nothing"),
        ("exit 3", "karin sync ended with exit code 3 and said nothing"),
        ("echo '{\"cut' ; exit 3", "karin sync ended with exit code 3 and said nothing"),
        ("printf 'karin: first\\n\\nkarin: last \\377\\n\\n' >&2; exit 1", "last \ufffd"),
    ],
)
def test_an_end_without_words_is_put_in_words(
    tmp_path: Path, environ: dict[str, str], program: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    assert failure(["sync", "--json"], environ) == said


def test_a_program_that_cannot_be_started_is_a_failure(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    assert failure(["sync"], environ) == "karin sync could not be started: No such file or directory"


def test_boto3_stays_out_of_this_process() -> None:
    code = f"import sys, {children.__name__}, karin.tui.reading.examining; print('botocore' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "False\n"
