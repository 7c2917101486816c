"""What a parser takes, as completion, man page and docs/commands.md tell of it: flags, values and their kinds."""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

KINDS = {"QUEUE": "queues", "QUEUE|ID": "queues", "MAPPING": "mappings", "FILE": "files", "PATH": "files"}
"""What a value is, by the word that stands for it in the help: names to be asked for, or files."""


class Taken(NamedTuple):
    """An option or an argument. ``value`` is "" for a switch; ``kind`` is one of KINDS, or "" for free text."""

    flags: tuple[str, ...]  # none: an argument
    value: str
    kind: str
    choices: tuple[str, ...]
    text: str
    is_required: bool
    is_repeatable: bool


def options(parser: argparse.ArgumentParser) -> list[Taken]:
    """Return the options, in their order."""
    return [one for one in _taken(parser) if one.flags]


def arguments(parser: argparse.ArgumentParser) -> list[Taken]:
    """Return the arguments, in their order."""
    return [one for one in _taken(parser) if not one.flags]


def usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage in one line, as argparse says it."""
    return " ".join(parser.format_usage().removeprefix("usage: ").split())


def _taken(parser: argparse.ArgumentParser) -> Iterator[Taken]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            continue
        takes_value = action.nargs != 0
        value = str(action.metavar or action.dest.upper()) if takes_value else ""
        yield Taken(
            flags=tuple(action.option_strings),
            value=value,
            kind=KINDS.get(value, ""),
            choices=tuple(str(one) for one in action.choices or ()),
            text=action.help or "",
            is_required=action.required,
            is_repeatable=isinstance(action, argparse._AppendAction),  # noqa: SLF001
        )
