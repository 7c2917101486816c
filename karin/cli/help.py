"""How help is laid out: like a man page, in 80 columns at most."""

import argparse
import importlib
import shutil
import textwrap
from typing import Any

COLUMNS = 80
_MARGIN = 2


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Lays out arguments and options in 80 columns, or in as many as a narrower terminal has."""

    def __init__(self, prog: str, **how: Any) -> None:
        how["width"] = columns()
        super().__init__(prog, **how)


def columns() -> int:
    """Return how wide help is."""
    return min(shutil.get_terminal_size().columns, COLUMNS) - _MARGIN


def wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines that fit."""
    return textwrap.fill(
        text, columns(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def description(name: str, first: str) -> str:
    """Return what the help of a command says above its options."""
    page = importlib.import_module("karin.cli.manual").PAGES[name]
    return wrapped(f"{first} {page.text}")


def epilog(name: str) -> str:
    """Return what the help of a command says below its options: examples, exit codes, environment."""
    manual = importlib.import_module("karin.cli.manual")
    variables = importlib.import_module("karin.variables")
    page = manual.PAGES[name]
    examples = [f"  {command}\n{wrapped(what, '      ')}" for command, what in page.examples]
    sections = [
        "\n".join(["examples:", *examples]),
        "\n".join(["exit codes:", *(f"  {code}  {meaning}" for code, meaning in enumerate(page.exit_codes))]),
    ]
    told = variables.VARIABLES if page.runs_karin else tuple(map(variables.variable, page.variables))
    if told:
        sections.append("\n".join(["environment:", *(f"  {one.name}\n{_meaning(one)}" for one in told)]))
    return "\n\n".join(sections)


def _meaning(variable: Any) -> str:
    default = f" (default: {variable.default})" if variable.default else ""
    return wrapped(f"{variable.meaning}{default}", "      ")
