"""docs/commands.md, docs/environment.md, the man page and all help say what the code does."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from karin import settings
from karin.cli.grammar import Grammar
from karin.cli.manual import PAGES
from karin.settings import Settings, SettingsError
from karin.tui_grammar import tui_parser
from karin.variables import OTHERS, VARIABLES, Variable
from tests.docs.markdown import ROOT

HOME = {"HOME": "/home/me"}
COMMANDS = {command.name: command.parser for command in Grammar().commands}
NUMBERS = [one for one in VARIABLES if one.between]
WORDS = [one for one in VARIABLES if one.words]
WITH_DEFAULT = [one for one in VARIABLES if re.match(r"[\d.:]+\b|everysec", one.default)]
ASSIGNMENT = re.compile(r"[A-Z_]+=")


def name_of(variable: Variable) -> str:
    return variable.name


def test_the_pages_are_what_the_code_says() -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_reference.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_variable_that_is_read_is_told_of() -> None:
    read = {*settings.VARIABLES, "REDIS_URL", "WEB_CONCURRENCY", "AWS_REGION"}

    assert {one.name for one in VARIABLES} == read


@pytest.mark.parametrize("variable", NUMBERS, ids=name_of)
def test_a_range_is_what_is_accepted(variable: Variable) -> None:
    low, high = variable.between or (0, 0)

    for accepted in (low, high):
        Settings.from_env(HOME | {variable.name: str(accepted)})
    for refused in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=variable.name):
            Settings.from_env(HOME | {variable.name: str(refused)})


@pytest.mark.parametrize("variable", WORDS, ids=name_of)
def test_words_are_those_that_are_accepted(variable: Variable) -> None:
    key = {"KARIN_ACCESS_KEYS": "AKID:a-good-secret"}
    for word in variable.words:
        Settings.from_env(HOME | key | {variable.name: word})
    with pytest.raises(SettingsError, match=f"write {' or '.join(variable.words)}"):
        Settings.from_env(HOME | key | {variable.name: "another"})


@pytest.mark.parametrize("variable", WITH_DEFAULT, ids=name_of)
def test_a_default_is_what_holds_without_the_variable(variable: Variable) -> None:
    default = variable.default.partition(",")[0]

    assert Settings.from_env(HOME | {variable.name: default}) == Settings.from_env(HOME)


def test_most_defaults_are_held_so() -> None:
    assert len(WITH_DEFAULT) >= 8


def test_secrets_are_marked() -> None:
    secret = {one.name for one in VARIABLES if one.is_secret}

    assert secret == {"REDIS_URL", "KARIN_ACCESS_KEYS", "KARIN_URL_TOKEN", "KARIN_WEB_PASSWORD"}


def test_every_command_has_its_page_of_the_manual() -> None:
    assert set(PAGES) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns_and_tells_examples_and_exit_codes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = COMMANDS[name].format_help()

    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert f"examples:\n  {PAGES[name].examples[0][0]}\n" in text
    assert "exit codes:\n  0  " in text
    assert text == COMMANDS[name].format_help(), "it can be asked for twice"


def test_the_help_of_all_and_of_karin_tui_fit_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        Grammar().parse(["--help"])
    text = capsys.readouterr().out + tui_parser().format_help()

    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert all(f"\n  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_command_lines_that_the_grammar_takes(name: str) -> None:
    for line, what in PAGES[name].examples:
        assert what
        words = shlex.split(line.replace('eval "$(', "").replace(')"', ""))
        begin = next(at for at, word in enumerate(words) if word == "karin")
        end = words.index("|", begin) if "|" in words[begin:] else len(words)
        assert all(ASSIGNMENT.match(word) for word in words[:begin]) or "|" in words[:begin]

        options = Grammar().parse(words[begin + 1 : end])

        assert words[begin + 1] == name
        assert options.run == COMMANDS[name].get_default("run")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_variables_that_there_are(name: str) -> None:
    assert set(PAGES[name].variables) <= {one.name for one in (*VARIABLES, *OTHERS)}


def test_the_man_page_is_one_without_a_warning() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is missing: apt-get install groff-base")
    page = str(ROOT / "karin" / "cli" / "karin.1")
    shown = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8", "-P-cbou", page], capture_output=True, text=True, check=True
    )

    assert shown.stderr == ""
    assert "KARIN_BIND" in shown.stdout
