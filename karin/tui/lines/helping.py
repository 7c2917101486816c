"""What can be typed, told from the commands and the actions themselves, and what the signs mean."""

import textwrap
from collections.abc import Iterator, Sequence

from karin.tui.actions.action import Action
from karin.tui.lines.commands import USAGES
from karin.tui.views.listing import Subject, View
from karin.tui.world import World


def help_lines(actions: Sequence[Action], view: View, width: int, *, readonly: bool) -> Iterator[str]:
    """Yield the commands, the actions and the signs of a view, in lines of ``width`` cells."""
    yield "Type one of these, then Enter."
    yield "N is a row's number, its name, or the beginning of its id."
    yield from _pairs([(usage.typed, usage.explanation) for usage in USAGES], width)
    yield ""
    yield "Actions ask before they do what matters; without N, which row they are for."
    yield from _pairs([(_typed(action), _explained(action, readonly=readonly)) for action in actions], width)
    if view.signs:
        yield ""
        yield f"Signs in {view.title}"
        yield from _pairs([(sign.character, sign.meaning) for sign in view.signs], width)


def _typed(action: Action) -> str:
    is_for_all = action.applies(Subject(), World())
    return action.key if is_for_all else f"{action.key} N"


def _explained(action: Action, *, readonly: bool) -> str:
    return f"{action.name}: {action.explanation}{' (not now: read-only)' if readonly and action.changes else ''}"


def _pairs(pairs: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    label_width = max((len(label) for label, _ in pairs), default=0)
    for label, text in pairs:
        yield textwrap.fill(
            text,
            width,
            initial_indent=f"  {label:<{label_width}}  ",
            subsequent_indent=" " * (label_width + 4),
        )
