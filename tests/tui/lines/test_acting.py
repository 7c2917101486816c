"""The real karin-tui behind pipes: what a person does, and what keeps them from doing it by mistake."""

import signal
from pathlib import Path

import pytest

from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.tui.lines.acting import READONLY
from tests.processes import running_store
from tests.tui.lines.conftest import Start, Visit, context_of
from tests.tui.lines.talking import Talk

SENDER = Sender("test")


@pytest.fixture
def orders(context: Context) -> QueueId:
    """Return a queue with two messages, beside another with one."""
    for name, bodies in (("mail", ["m"]), ("orders", ["first", "second"])):
        queue = queues.create_queue(context, name, {}, {})
        for body in bodies:
            sending.send_message(context, queue, Send(body, 600), SENDER)
    return queue


@pytest.fixture
def session(orders: QueueId, visit: Visit) -> Talk:
    """Return karin-tui where it begins."""
    return visit.begin()


def bodies(context: Context, queue: QueueId) -> list[str]:
    page = context.store.views.messages(queue, context.clock.now_ms(), most=100)
    return sorted(seen.message.body for seen in page.messages)


@pytest.mark.parametrize("line", ["p 2", "p orders", "purge orders", ":purge 2"])
def test_a_queue_is_purged_when_its_name_is_typed(context: Context, orders: QueueId, session: Talk, line: str) -> None:
    printed = session.says(line, "Type orders to go on, anything else cancels: ")
    assert "2 messages" in printed
    printed = session.says("orders", "queues> ")
    assert "+ deleted 2 messages of orders" in printed
    assert "2  -  orders" in printed
    assert bodies(context, orders) == []
    assert bodies(context, QueueId(orders.account, "mail")) == ["m"]


@pytest.mark.parametrize("answer", ["", "y", "Orders", "mail", "2"])
def test_anything_but_the_name_cancels(context: Context, orders: QueueId, session: Talk, answer: str) -> None:
    session.says("p 2", "cancels: ")
    assert session.says(answer, "queues> ") == "cancelled: nothing was done\nqueues> "
    assert bodies(context, orders) == ["first", "second"]


def test_without_a_row_an_action_asks_which(context: Context, orders: QueueId, session: Talk) -> None:
    assert "which? A number or a name" in session.says("p", "cancels: ")
    session.says("1", "Type mail to go on, anything else cancels: ")
    session.says("no", "queues> ")
    session.says("p", "cancels: ")
    assert "cancelled: nothing was done" in session.says("", "queues> ")
    session.says("p", "cancels: ")
    assert "there is no row nothing here" in session.says("nothing", "queues> ")


def test_a_row_keeps_its_number_until_others_are_printed(context: Context, orders: QueueId, session: Talk) -> None:
    queues.create_queue(context, "a-new-queue", {}, {})
    session.says("p 2", "Type orders to go on, anything else cancels: ")
    session.says("", "queues> ")
    session.says("", "3  ~  orders")


def test_input_that_ends_at_a_question_does_nothing(context: Context, orders: QueueId, session: Talk) -> None:
    session.says("p 2", "cancels: ")
    session.hangs_up()
    assert session.exit_code() == 0
    assert session.errors == ""
    assert bodies(context, orders) == ["first", "second"]


def test_a_message_of_many_lines_is_sent_field_by_field(context: Context, orders: QueueId, session: Talk) -> None:
    session.says("n orders", "one with only a .")
    for line in ("{", '  "name": "주문"', "}", "."):
        session.types(line)
    while "anything else cancels" not in session.hears(": "):
        session.types("")
    assert "+ sent " in session.says("y", "queues> ")
    assert '{\n  "name": "주문"\n}' in bodies(context, orders)


def test_what_is_asked_without_a_name_to_type_wants_a_y(context: Context, orders: QueueId, session: Talk) -> None:
    session.says("n orders", "one with only a .")
    session.types("x")
    session.types(".")
    while "anything else cancels" not in session.hears(": "):
        session.types("")
    assert "cancelled: nothing was done" in session.says("", "queues> ")
    assert bodies(context, orders) == ["first", "second"]


def test_in_the_messages_of_a_queue_actions_are_for_it_and_for_its_rows(
    context: Context, orders: QueueId, session: Talk
) -> None:
    session.says("v orders", "messages orders> ")
    session.says("p", "Type orders to go on, anything else cancels: ")
    session.says("", "orders> ")
    printed = session.says("d 1", "anything else cancels: ")
    assert "y to go on" in printed
    assert "+ " in session.says("y", "messages orders> ")
    assert len(bodies(context, orders)) == 1


def test_what_is_opened_is_what_actions_are_for(context: Context, orders: QueueId, session: Talk) -> None:
    session.says("v orders", "messages orders> ")
    session.says("v 2", "messages orders 2> ")
    session.says("d", "anything else cancels: ")
    assert "no longer in its queue" in session.says("y", "messages orders 2> ")
    assert len(bodies(context, orders)) == 1


def test_an_action_says_when_it_is_for_nothing_here(session: Talk) -> None:
    printed = session.says("z", "queues> ")
    assert printed.count("\n") == 1
    assert "nothing here" in printed


def test_a_sync_that_fails_says_why(session: Talk) -> None:
    assert session.says("s", "…") == "~ reading functions and mappings from AWS…"
    printed = session.hears("queues> ")
    assert printed.startswith("\nx ")
    assert "1  ~  mail" in printed


def test_an_action_that_is_interrupted_does_not_end_the_session(session: Talk) -> None:
    session.says("s", "AWS…")
    session.interrupts(signal.SIGINT)
    assert "x sync was interrupted" in session.hears("queues> ")
    session.types("q")
    assert session.exit_code() == 0
    assert session.errors == ""


def test_read_only_changes_nothing_and_says_what_would(context: Context, orders: QueueId, start: Start) -> None:
    session = start("--readonly")
    session.hears("queues> ")
    for line in ("p 2", "n orders", "s", "r", "purge"):
        assert session.says(line, "queues> ") == f"{READONLY}\nqueues> "
    assert "(not now: read-only)" in session.says("?", "queues> ")
    session.says("v 2", "messages orders> ")
    assert session.says("d 1", "messages orders> ") == f"{READONLY}\nmessages orders> "
    assert bodies(context, orders) == ["first", "second"]


def test_a_store_that_is_away_fails_an_action_and_not_the_session(home: Path, start: Start) -> None:
    with running_store(home) as url:
        queues.create_queue(context_of(url, home), "orders", {}, {})
        session = start(KARIN_HOME=str(home))
        session.hears("queues> ")
        session.says("p 1", "cancels: ")
    assert "\nx " in session.says("orders", "queues> ")
    assert "x store away" in session.says("", "queues> ")
