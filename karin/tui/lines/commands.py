"""What can be typed at the prompt, and how a line is understood."""

from typing import NamedTuple


class Command(NamedTuple):
    """A typed line: its first word, and the rest."""

    word: str
    rest: str


class Usage(NamedTuple):
    """How a command is typed, and what it does."""

    typed: str
    explanation: str


USAGES = (
    Usage("Enter", "read what is shown again; the doctor looks again"),
    Usage("1..8", "the views; their names do as well"),
    Usage("v N", "open row N, or the row with that name or id: messages of a queue, or all about it"),
    Usage("b", "go back"),
    Usage("/TEXT", "only rows with TEXT; /!TEXT only those without, / all of them again"),
    Usage("o COLUMN", "sort by a column, the beginning of its title is enough; O turns the order round, o ends it"),
    Usage("all", "every row, however many"),
    Usage("y N", "the text of row N alone: an id, an ARN, a body"),
    Usage("e", "the view as JSON"),
    Usage("?", "these keys, and what the signs mean"),
    Usage("q", "leave; karin goes on without you"),
)

SYNONYMS = {
    "open": "v", "enter": "v", "esc": "b", "back": "b", "sort": "o", "Y": "y", "raw": "y", "export": "e",
    "help": "?", "quit": "q", "exit": "q", "\x1b": "b", "ctrl+r": "", "\x12": "",
}  # fmt: skip


def parse(line: str) -> Command:
    """Return what a line asks for: ``p orders``, ``/text``, ``:doctor``; the word of an empty one is empty."""
    line = line.strip().removeprefix(":").lstrip()
    if line.startswith(("/", "?")):
        return Command(line[0], line[1:].strip())
    word, _, rest = line.partition(" ")
    return Command(SYNONYMS.get(word, word), rest.strip())
