"""karin completion: what real shells make of its scripts."""

import shutil
import subprocess
from pathlib import Path

import pytest

from karin.cli.completing import bash, fish, zsh
from karin.cli.grammar import SHELLS, Grammar

SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}
OFFERED = """
karin() { [[ $1 == completion ]] && printf 'mails\\norders.fifo\\n'; }
offered() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _karin
    printf '%s\\n' "${COMPREPLY[*]}"
}
"""
CASES = (
    (("karin", "se"), "send serve"),
    (("karin", "--v"), "--version"),
    (("karin", "send", "--de"), "--delay --deduplication"),
    (("karin", "send", "m"), "mails"),
    (("karin", "send", "mails", ""), ""),  # a body is anyone's guess
    (("karin", "send", "--delay", "5", "o"), "orders.fifo"),
    (("karin", "send", "--delay", "="), ""),
    (("karin", "redrive", "mails", "--to", ""), "mails orders.fifo"),
    (("karin", "redrive", "--to", "=", "mails", "or"), "orders.fifo"),
    (("karin", "messages", "mails", "--state", ""), "ready delayed leased"),
    (("karin", "pause", ""), "mails orders.fifo"),
    (("karin", "completion", ""), "bash zsh fish"),
    (("karin", "nonsense", ""), ""),
    (("/usr/bin/karin-tui", "--t"), "--theme --timezone"),
)


def test_bash_completes_commands_options_values_and_names() -> None:
    asked = "\n".join(f"offered {' '.join(repr(word) for word in words)}" for words, _ in CASES)
    answered = subprocess.run(
        ["bash", "--norc"], input=bash() + OFFERED + asked, capture_output=True, text=True, check=True
    )

    assert answered.stderr == ""
    assert answered.stdout.splitlines() == [offered for _, offered in CASES]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_one_that_its_shell_reads_and_knows_every_command_and_option(shell: str, tmp_path: Path) -> None:
    script = SCRIPTS[shell]()
    for command in Grammar().commands:
        assert command.name in script
        for flag in command.parser._option_string_actions:
            if flag != "-h":
                assert (flag.replace("--", "-l ") if shell == "fish" else flag) in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is missing: apt-get install {shell}")
    (tmp_path / "script").write_text(script)
    read = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")


def test_fish_completes_commands_and_options() -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is missing: apt-get install fish")
    asked = 'complete -C "karin se"; complete -C "karin send --gr"; complete -C "karin messages x --state d"'
    answered = subprocess.run(["fish", "--no-config"], input=fish() + asked, capture_output=True, text=True, check=True)

    assert [line.split("\t")[0] for line in answered.stdout.splitlines()] == ["send", "serve", "--group", "delayed"]
