"""The questions before a deed, field by field. Whatever is not the answer that was asked for cancels."""

from karin.tui.actions.action import Ask, Field
from karin.tui.lines.console import Console

END_OF_TEXT = "."
Answers = dict[str, str]
"""By the names of fields."""


def answers_to(ask: Ask, console: Console) -> Answers | None:
    """Return what a person answers; None when they cancel. Raises Ended."""
    console.say(ask.title)
    if ask.text:
        console.say(ask.text)
    answers = {field.name: _answer_to(field, console) for field in ask.fields}
    wanted = ask.must_type or "y"
    typed = console.ask(f"{ask.yes}? Type {wanted} to go on, anything else cancels: ")
    return answers if typed.strip() == wanted else None


def _answer_to(field: Field, console: Console) -> str:
    if field.is_long:
        return _long_answer_to(field, console)
    hint = f" ({field.hint})" if field.hint and not field.value else ""
    instead = f" [{field.value}]" if field.value else ""
    return console.ask(f"{field.label}{hint}{instead}: ").strip() or field.value


def _long_answer_to(field: Field, console: Console) -> str:
    """Return a text of any number of lines."""
    instead = f"; that alone keeps {field.value!r}" if field.value else ""
    console.say(f"{field.label}: as many lines as it has, then one with only a {END_OF_TEXT}{instead}")
    lines: list[str] = []
    while (line := console.ask("")) != END_OF_TEXT:
        lines.append(line)
    return "\n".join(lines) or field.value
