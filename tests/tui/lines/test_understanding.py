"""What a typed line asks for, and which row it means."""

import pytest

from karin.sqs.names import QueueId
from karin.tui.lines.commands import Command, parse
from karin.tui.lines.naming import NoSuchRow, row_meant
from karin.tui.views.listing import Cell, Column, Row, Subject

COLUMNS = (Column("QUEUE", is_flexible=True), Column("READY", is_number=True), Column("FEEDS", is_flexible=True))


def row(name: str, feeds: str = "-", ready: int = 0) -> Row:
    queue = QueueId("000000000000", name)
    return Row(str(queue), (Cell(name), Cell(str(ready)), Cell(feeds)), Subject(name, queue=queue))


ROWS = [row("orders", "handleOrder", 9), row("mail", "orders"), row("orders-dead"), row("9lives")]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", Command("", "")),
        ("   ", Command("", "")),
        ("p orders", Command("p", "orders")),
        ("  p   orders  ", Command("p", "orders")),
        ("p two words", Command("p", "two words")),
        ("/orders", Command("/", "orders")),
        ("/ !orders", Command("/", "!orders")),
        ("/", Command("/", "")),
        ("?", Command("?", "")),
        ("?p", Command("?", "p")),
        (":doctor", Command("doctor", "")),
        ("open 2", Command("v", "2")),
        ("esc", Command("b", "")),
        ("\x1b", Command("b", "")),
        ("q", Command("q", "")),
        ("quit", Command("q", "")),
        ("exit", Command("q", "")),
        (":q", Command("q", "")),
        ("o ready", Command("o", "ready")),
        ("O", Command("O", "")),
    ],
)
def test_a_line_is_a_word_and_the_rest(line: str, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1", "orders"),
        ("4", "9lives"),
        ("orders", "orders"),  # although another row tells of a function of that name
        ("handleOrder", "orders"),
        ("000000000000/mail", "mail"),
        ("orders-d", "orders-dead"),
        ("9lives", "9lives"),
    ],
)
def test_a_row_is_meant_by_its_number_its_names_and_their_beginnings(text: str, name: str) -> None:
    assert row_meant(text, ROWS, COLUMNS).subject.text == name


@pytest.mark.parametrize("text", ["0", "5", "9", "-1", "nothing", "mai", "²", "-", "orders "])
def test_what_means_no_row_is_said(text: str) -> None:
    with pytest.raises(NoSuchRow, match="there is no row"):
        row_meant(text, ROWS, COLUMNS)


def test_what_means_several_rows_is_said() -> None:
    with pytest.raises(NoSuchRow, match="orde means 2 rows here: say a number"):
        row_meant("orde", ROWS, COLUMNS)
