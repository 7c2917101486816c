"""Writes docs/commands.md, docs/environment.md and karin/cli/karin.1 from the grammar and the settings: ``make docs``.

With ``--check`` it writes nothing, and fails when one of them is not what it would write.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from karin import __version__
from karin.cli.grammar import LISTS, SHELLS, Command, Grammar
from karin.cli.manual import FOUND_BY, PAGES
from karin.cli.spoken import Taken, arguments, options, usage
from karin.tui_grammar import tui_parser
from karin.variables import OTHERS, VARIABLES, Variable

ROOT = Path(__file__).parents[1]
COMMANDS = """\
# Commands

This page is made by `make docs` from the commands' own grammar; a test fails when it is out of date.
`karin COMMAND --help` says the same in a terminal, so does `man karin`, and [`karin completion`](#karin-completion) has
a shell complete it.

- Commands find the karin that runs here by `KARIN_HOME`, or the one on the store that `REDIS_URL` names.
- `--json` prints JSON for scripts, on standard output. Errors are one line on standard error.
- Exit codes are 0 done, 1 failed, 2 wrong usage or a wrong setting, unless a command says more of them below.
- Of the id of a message or an invocation its beginning is enough.
- What cannot be undone asks first, or takes `--yes`; where nobody can be asked, it is refused without that."""
ENVIRONMENT = """\
# Environment variables

This page is made by `make docs` from the code; a test fails when it is out of date, and holds defaults and ranges to
what karin does.

Everything is set by environment variables. One that is empty counts as unset. An unknown `KARIN_*` name is refused with
the nearest known one, and a value that cannot be used with one line that says what to write; the exit code is then 2.

Commands and `karin-tui` need `KARIN_HOME` alone: limits, intervals, region and account are the running karin's,
whatever their own shell says. With a `REDIS_URL` other than its own they go by their environment alone. Secrets (marked
\\*) are shown nowhere."""


def commands() -> str:
    """Return the page of commands."""
    found = Grammar().commands
    groups = list(dict.fromkeys(command.group for command in found))
    lists = [
        f"| {group} | {', '.join(f'[`{one.name}`](#karin-{one.name})' for one in found if one.group == group)} |"
        for group in groups
    ]
    sections = [COMMANDS, "\n".join(["| | |", "|---|---|", *lists, "| live | [`karin-tui`](#karin-tui) |"])]
    for command in found:
        sections += _command(command)
    tui = tui_parser()
    sections += [
        "## karin-tui",
        f"{_one_line(tui)} [Its manual](tui.md) tells views and keys.",
        f"```console\n$ {_usage(tui)}\n```",
        _table(("option", "meaning"), map(_row, options(tui))),
    ]
    return "\n\n".join(sections) + "\n"


def _command(command: Command) -> Iterator[str]:
    page = PAGES[command.name]
    yield f"## karin {command.name}"
    yield f"{command.text[0].upper()}{command.text[1:]}. {page.text}"
    yield f"```console\n$ {_usage(command.parser)}\n```"
    taken = [*arguments(command.parser), *options(command.parser)]
    yield _table(("argument or option", "meaning"), map(_row, (one for one in taken if "--help" not in one.flags)))
    width = max(len(line) for line, _ in page.examples)
    yield "\n".join(["```console", *(f"$ {line:<{width}}   {what}" for line, what in page.examples), "```"])
    codes = ", ".join(f"{code} {meaning}" for code, meaning in enumerate(page.exit_codes))
    told = "all of [these](environment.md)" if page.runs_karin else ", ".join(f"`{name}`" for name in page.variables)
    if page.exit_codes != type(page)._field_defaults["exit_codes"] or page.variables != FOUND_BY or page.runs_karin:
        yield f"Exit codes: {codes}." + (f" Environment: {told}." if told else "")


def _one_line(parser: argparse.ArgumentParser) -> str:
    return " ".join((parser.description or "").split())


def _usage(parser: argparse.ArgumentParser) -> str:
    return usage(parser).replace(" [-h]", "")


def _row(taken: Taken) -> Sequence[str]:
    name = f"`{_name(taken)}`" + ("" if taken.is_required or taken.flags else ", optional")
    choices = [one for one in taken.choices if one not in LISTS]
    said = f": {', '.join(f'`{one}`' for one in choices)}" if choices and tuple(choices) != SHELLS else ""
    return name.replace("|", "\\|"), f"{taken.text.replace('|', chr(92) + '|')}{said}"


def _name(taken: Taken) -> str:
    flags = ", ".join(taken.flags)
    return f"{flags} {taken.value}".strip()


def environment() -> str:
    """Return the page of environment variables."""
    header = ("name", "default", "meaning")
    return (
        "\n\n".join(
            [
                ENVIRONMENT,
                "## What karin reads",
                _table(header, map(_setting, VARIABLES)),
                "## What libraries in karin's processes read",
                _table(header, map(_setting, OTHERS)),
            ]
        )
        + "\n"
    )


def _setting(one: Variable) -> Sequence[str]:
    meaning = one.meaning
    if one.between:
        meaning += f"; {one.between[0]:,} to {one.between[1]:,}"
    if one.words:
        meaning += f" ({' or '.join(f'`{word}`' for word in one.words)})"
    if one.more:
        meaning += f" ({one.more})"
    names = ", ".join(f"`{name}`" for name in one.name.split(", "))
    return names + ("\\*" if one.is_secret else ""), one.default, meaning


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    if not lines:
        return "It takes no arguments."
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *lines])


def man() -> str:
    """Return the man page, in roff's man macros (man 7 groff_man)."""
    lines = [
        f'.TH KARIN 1 "" "karin {__version__}" "User Commands"',
        ".SH NAME",
        "karin, karin\\-tui \\- a queue server that speaks Amazon SQS and calls Lambda functions when messages are due",
        ".SH SYNOPSIS",
        ".B karin\n.I COMMAND\n[\\fIarguments\\fR]\n.br\n.B karin\\-tui\n[\\fIoptions\\fR]",
        ".SH DESCRIPTION",
        _roff(
            "karin is told by the sender when a message is due, sleeps until then and calls the AWS Lambda function"
            " that is mapped to the queue. Commands find the karin that runs here by KARIN_HOME, or the one on the"
            " store that REDIS_URL names. Errors are one line on standard error."
        ),
        ".SH COMMANDS",
    ]
    for command in Grammar().commands:
        page = PAGES[command.name]
        lines += [
            f".SS {_roff(_usage(command.parser))}",
            _roff(f"{command.text[0].upper()}{command.text[1:]}. {page.text}"),
            *_roff_rows([*arguments(command.parser), *options(command.parser)]),
        ]
        for line, what in page.examples:
            lines += [".PP", f"\\fB{_roff(line)}\\fR", ".RS 4", _roff(what), ".RE"]
        if page.exit_codes != type(page)._field_defaults["exit_codes"]:
            codes = "; ".join(f"{code} {meaning}" for code, meaning in enumerate(page.exit_codes))
            lines += [".PP", _roff(f"Exit codes: {codes}.")]
    tui = tui_parser()
    lines += [f".SS {_roff(_usage(tui))}", _roff(_one_line(tui)), *_roff_rows(options(tui))]
    lines += [".SH EXIT STATUS", "0 done, 1 failed, 2 wrong usage or a wrong setting, unless a command says more."]
    lines += [".SH ENVIRONMENT"]
    for variable in (*VARIABLES, *OTHERS):
        default = f" (default: {variable.default})" if variable.default else ""
        lines += [".TP", f".B {_roff(variable.name)}", _roff(f"{variable.meaning}{default}")]
    return "\n".join(lines) + "\n"


def _roff_rows(taken: Iterable[Taken]) -> Iterator[str]:
    for one in taken:
        if "--help" not in one.flags:
            yield from (".TP", f".B {_roff(_name(one))}", _roff(one.text))


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("%%", "%")
    return f"\\&{text}" if text.startswith((".", "'")) else text


MADE: dict[str, Callable[[], str]] = {
    "docs/commands.md": commands,
    "docs/environment.md": environment,
    "karin/cli/karin.1": man,
}


def main(given: Sequence[str]) -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell what is out of date")
    is_check = parser.parse_args(given).check
    for name, make in MADE.items():
        path, made = ROOT / name, make()
        if not is_check:
            path.write_text(made, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != made:
            raise SystemExit(f"{name} is not what the code says: run `make docs`")


if __name__ == "__main__":
    main(sys.argv[1:])
