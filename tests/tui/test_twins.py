"""Whatever a key changes, a command line changes as well: scripts can do what people do."""

import pkgutil
from importlib import import_module
from types import ModuleType

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from karin.cli.grammar import Grammar
from karin.tui import app, screens, widgets
from karin.tui.actions import ACTIONS

TWINS = {
    "send": ["send orders hello --delay 5m"],
    "purge": ["purge orders --yes"],
    "redrive": ["redrive orders-dead --yes"],
    "sync": ["sync"],
    "pause": ["pause orders --because broken", "resume orders"],
    "replay": ["replay 12345678 --yes"],
    "run": ["reschedule orders 12345678 --now"],
    "reschedule": ["reschedule orders 12345678 --in 5m", "reschedule orders 12345678 --at 14:30"],
    "delete": ["delete orders 12345678 --yes"],
}
"""The command lines that do the same as an action, by its name."""
ONLY_LOOK = {
    "app.quit", "back", "clear", "close", "command_palette", "copy", "end", "export", "filter", "freeze", "help",
    "keep", "move", "move_page", "move_to_end", "next_view", "open", "page", "quit", "raw", "read_again", "reverse",
    "scroll", "sort", "suspend_process", "view",
}  # fmt: skip
"""What keys do that changes nothing in karin."""
ACT, GO_ON = "act", "go"
"""What leads to an action: its key, and the yes to what it asks."""


def test_every_action_that_changes_something_has_its_command_line() -> None:
    assert TWINS.keys() == {action.name for action in ACTIONS if action.changes}


@pytest.mark.parametrize("line", [line for lines in TWINS.values() for line in lines])
def test_the_command_line_is_one_that_karin_takes_and_has_a_function_for(line: str) -> None:
    module, function = Grammar().parse(line.split()).run
    assert callable(getattr(import_module(f"karin.cli.{module}"), function))


def test_every_key_looks_only_or_leads_to_an_action() -> None:
    bound = {_name(one.action) for place in _places() for one in place.BINDINGS if isinstance(one, Binding)}
    assert bound == ONLY_LOOK | {ACT, GO_ON}


def test_every_action_has_its_key_on_the_screens_that_act() -> None:
    acted = {one.action for place in _places() for one in place.BINDINGS if isinstance(one, Binding)}
    assert {action for action in acted if _name(action) == ACT} == {f"act('{action.name}')" for action in ACTIONS}


def _name(action: str) -> str:
    return action.partition("(")[0]


def _places() -> list[type[DOMNode]]:
    """Return every class of the terminal UI that binds keys."""
    modules = [app, *_modules(screens), *_modules(widgets)]
    members = [member for module in modules for member in vars(module).values() if isinstance(member, type)]
    return [one for one in members if "BINDINGS" in vars(one) and one.__module__.startswith("karin.")]


def _modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
