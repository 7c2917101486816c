"""The real karin-tui behind pipes: what a person looks at, and how they leave."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.tui.views.all import VIEW_NAMES
from tests.processes import bare_environ, running_store
from tests.tui.lines.conftest import PROGRAM, Start, Visit, context_of

SENDER = Sender("test")
ADVICE = "`fly ssh console --pty -C karin-tui`, or `ssh -t`"


def queue_of(context: Context, name: str, *bodies: str, delay_seconds: int = 600) -> QueueId:
    """Make a queue that holds messages."""
    queue = queues.create_queue(context, name, {}, {})
    for body in bodies:
        sending.send_message(context, queue, Send(body, delay_seconds), SENDER)
    return queue


def beat(context: Context) -> None:
    """Leave what a scheduler leaves that is alive."""
    context.store.sweeping.sweep([], "test", context.clock.now_ms())


def test_it_begins_with_how_karin_does_and_the_numbered_queues(context: Context, start: Start) -> None:
    queue_of(context, "orders", "x")
    queue_of(context, "mail")
    printed = start().hears("queues> ")
    assert ADVICE in printed
    assert "! no scheduler | endpoint http://127.0.0.1:4000 | store embedded" in printed
    assert "[1 Queues] 2 Mappings" in printed
    assert "1  -  mail " in printed
    assert "2  ~  orders " in printed


def test_enter_alone_reads_again(context: Context, visit: Visit) -> None:
    session = visit.begin()
    assert "no queues yet" in session.says("", "queues> ")
    queue_of(context, "orders")
    assert "1  -  orders" in session.says("", "queues> ")


def test_every_view_is_a_key_and_a_name_away(context: Context, visit: Visit) -> None:
    queue_of(context, "orders", "x")
    session = visit.begin()
    for number, name in enumerate(VIEW_NAMES, 1):
        by_key = session.says(str(number), f"\n{name}> ")
        assert f"[{number} {name.capitalize()}]" in by_key
    for name in VIEW_NAMES:
        session.says(name, f"\n{name}> ")
    assert "\x1b" not in session.output
    assert session.errors == ""


def test_the_doctor_looks_when_its_view_is_entered(context: Context, visit: Visit) -> None:
    session = visit.begin()
    printed = session.says(":doctor", "\ndoctor> ")
    assert printed.startswith("looking…")
    assert "none is alive" in printed


def test_a_doctor_that_is_interrupted_does_not_end_the_session(context: Context, visit: Visit) -> None:
    session = visit.begin()
    session.says("7", "looking…")
    session.interrupts(signal.SIGINT)
    assert "interrupted" in session.hears("doctor> ")
    assert "1 Queues" in session.says("1", "queues> ")
    assert session.errors == ""


def test_a_row_leads_to_messages_and_they_to_all_about_one_and_back(context: Context, visit: Visit) -> None:
    queue_of(context, "orders", "first body")
    session = visit.begin()
    assert "first body" in session.says("v 1", "messages orders> ")
    assert "body, 10 bytes:\nfirst body" in session.says("v 1", "messages orders 1> ")
    assert "DUE" in session.says("b", "messages orders> ")
    assert "1  ~  orders" in session.says("esc", "\nqueues> ")
    assert "there is nothing to go back to" in session.says("b", "queues> ")


def test_a_long_name_of_a_queue_leaves_room_to_type(context: Context, visit: Visit) -> None:
    name = "a-name-of-a-queue-as-long-as-deployment-tools-make-them-dev-7F3A2B1C"
    queue_of(context, name, "body")
    session = visit.begin()
    prompt = session.says("v 1", "> ").splitlines()[-1]
    assert prompt == f"messages {name[:15]}…{name[-14:]}> "


def test_a_row_is_named_when_its_number_is_not_typed(context: Context, visit: Visit) -> None:
    queue_of(context, "orders", "first body")
    session = visit.begin()
    assert "open which?" in session.says("v", "cancels: ")
    session.says("orders", "messages orders> ")
    session.says("b", "\nqueues> ")
    assert "there is no row 7 here" in session.says("v 7", "queues> ")


def test_a_filter_leaves_the_rows_that_match_with_numbers_of_their_own(context: Context, visit: Visit) -> None:
    for name in ("orders", "mail", "orders-dead"):
        queue_of(context, name)
    session = visit.begin()
    printed = session.says("/ORDERS", "queues> ")
    assert "2 of 3 match ORDERS" in printed
    assert "1  -  orders" in printed
    assert "mail" not in printed
    assert "mail" in session.says("/!orders", "queues> ")
    assert "nothing matches" in session.says("/nowhere", "queues> ")
    assert "3  -  orders-dead" in session.says("/", "queues> ")


def test_rows_are_sorted_by_a_column_and_the_other_way_round(context: Context, visit: Visit) -> None:
    queue_of(context, "few", "x")
    queue_of(context, "many", *["x"] * 12)
    queue_of(context, "some", *["x"] * 3)
    session = visit.begin()

    def order() -> list[str]:
        return [line.split()[2] for line in session.hears("queues> ").splitlines() if line[:1].isdecimal()]

    session.types("o delay")
    assert order() == ["few", "some", "many"]
    session.types("O")
    assert order() == ["many", "some", "few"]
    session.types("o")
    assert order() == ["few", "many", "some"]
    assert "no column begins with zzz: there are QUEUE" in session.says("o zzz", "queues> ")


def test_many_rows_are_cut_until_all_are_asked_for(context: Context, start: Start) -> None:
    for number in range(45):
        queue_of(context, f"queue-{number:02}")
    session = start()
    printed = session.hears("queues> ")
    assert "queue-39" in printed
    assert "queue-40" not in printed
    assert "5 more: `all` shows them" in printed
    assert "45  -  queue-44" in session.says("all", "queues> ")


def test_a_view_is_printed_as_json(context: Context, visit: Visit) -> None:
    queue_of(context, "orders", "x")
    session = visit.begin()
    printed = session.says("e", "queues> ").removesuffix("queues> ")
    assert [one["queue"]["name"] for one in json.loads(printed)] == ["orders"]


def test_the_text_of_a_message_is_printed_whole(context: Context, visit: Visit) -> None:
    body = "한국어 " * 200 + "end"
    queue_of(context, "orders", body)
    session = visit.begin()
    session.says("v 1", "messages orders> ")
    assert session.says("y 1", "messages orders> ") == f"{body}\nmessages orders> "
    session.says("v 1", "messages orders 1> ")
    assert session.says("y", "messages orders 1> ") == f"{body}\nmessages orders 1> "


def test_what_would_command_a_terminal_is_written_out_everywhere(context: Context, visit: Visit) -> None:
    queue_of(context, "orders", "clear \x9b2J and title \x9d0;x\x9c \u202e")
    session = visit.begin()
    for line, prompt in (("v 1", "orders> "), ("e", "orders> "), ("v 1", "orders 1> "), ("y", "orders 1> ")):
        printed = session.says(line, f"messages {prompt}")
        assert "9b2J" in printed
        assert not {"\x9b", "\x9d", "\x9c", "\u202e"} & set(printed)
    session.says("b", "messages orders> ")
    printed = session.says("e", "messages orders> ").removesuffix("messages orders> ")
    assert "\x9b2J" in json.dumps(json.loads(printed), ensure_ascii=False)


def test_what_is_not_understood_is_said_in_one_line(context: Context, visit: Visit) -> None:
    session = visit.begin()
    for typed in ("nonsense", "99", "\x1b[A", "x" * 1000):
        printed = session.says(typed, "queues> ")
        assert "there is no such command" in printed
        assert printed.count("\n") == 1
    assert "\x1b" not in session.output


def test_a_line_that_is_no_text_is_asked_for_again(context: Context, visit: Visit) -> None:
    session = visit.begin()
    session.writes(b"\xff\xfe\n")
    assert "that line is not UTF-8" in session.hears("queues> ")
    session.writes("주문\r\n".encode())
    assert "주문: there is no such command" in session.hears("queues> ")


def test_the_keys_are_told_from_the_commands_the_actions_and_the_signs(context: Context, visit: Visit) -> None:
    session = visit.begin()
    printed = session.says("?", "queues> ")
    for expected in ("/TEXT", "  p N  purge: ", "  s    sync: ", "messages are in flight", "leave; karin goes on"):
        assert expected in printed
    assert "read-only" not in printed
    assert max(map(cell_len, printed.splitlines())) <= 80


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_lines_are_as_wide_as_columns_says(context: Context, start: Start, columns: int) -> None:
    queue_of(context, "a-name-of-a-queue-as-long-as-deployment-tools-make-them-dev-7F3A2B1C", "x")
    variables = {} if columns == 80 else {"COLUMNS": str(columns)}
    session = start(**variables)
    session.hears("\n\n")
    session.hears("\n\n")
    printed = session.hears("\nqueues> ")
    widest = max(map(cell_len, printed.splitlines()))
    assert widest <= max(columns, 72)  # the columns that do not give way
    assert ("LAST 30 MIN" in printed) == (columns >= 110)


def test_the_end_of_the_input_is_a_quiet_end(context: Context, start: Start) -> None:
    session = start()
    session.hears("queues> ")
    session.says("2", "mappings> ")
    session.hangs_up()
    assert session.exit_code() == 0
    assert session.output.endswith("mappings> \n")
    assert session.errors == ""


@pytest.mark.parametrize("word", ["q", ":exit"])
def test_a_person_leaves(context: Context, start: Start, word: str) -> None:
    session = start()
    session.hears("queues> ")
    session.types(word)
    assert session.exit_code() == 0


def test_a_last_line_without_an_end_is_heard(context: Context, start: Start) -> None:
    session = start()
    session.hears("queues> ")
    session.writes(b"2")
    session.hangs_up()
    session.hears("mappings> ")
    assert session.exit_code() == 0


def test_an_interrupt_is_a_quiet_end(context: Context, start: Start) -> None:
    session = start()
    session.hears("queues> ")
    session.interrupts(signal.SIGINT)
    assert session.exit_code() == 0
    assert session.errors == ""


def test_a_reader_that_goes_away_is_a_quiet_end(context: Context, lasting_home: Path) -> None:
    queue_of(context, "orders")
    with subprocess.Popen(
        [PROGRAM],
        env=bare_environ(KARIN_HOME=str(lasting_home)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"e\n" * 20)
        process.stdin.flush()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""


def without_anybody(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM],
        env=bare_environ(KARIN_HOME=str(home)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_where_nobody_types_it_prints_the_status_once(context: Context, lasting_home: Path) -> None:
    queue_of(context, "orders", "x")
    done = without_anybody(lasting_home)
    assert done.returncode == 1  # no scheduler is alive
    assert "1: 0 ready, 1 delayed, 0 in flight" in done.stdout
    assert ">" not in done.stdout
    assert ADVICE in done.stderr
    assert done.stderr.count("\n") == 1
    beat(context)
    done = without_anybody(lasting_home)
    assert done.returncode == 0
    assert "1 alive" in done.stdout


def test_input_that_ends_before_anything_was_typed_gets_the_status_as_well(context: Context, start: Start) -> None:
    session = start()
    session.hears("queues> ")
    session.hangs_up()
    assert session.exit_code() == 1
    assert "none alive" in session.output


def test_where_nobody_types_and_no_store_answers_it_fails_in_one_line(home: Path) -> None:
    environ = bare_environ(KARIN_HOME=str(home), REDIS_URL="redis://:secret-word@127.0.0.1:9/0")
    done = subprocess.run(
        [PROGRAM], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "secret-word" not in done.stderr


def test_a_store_that_goes_away_leaves_what_was_read_with_its_age(home: Path, start: Start) -> None:
    with running_store(home) as url:
        queue_of(context_of(url, home), "orders")
        session = start(KARIN_HOME=str(home))
        session.hears("queues> ")
    printed = session.says("", "queues> ")
    assert "x store away" in printed
    assert "Enter tries again" in printed
    assert "what follows was read " in printed
    assert "1  -  orders" in printed
    with running_store(home):
        printed = session.says("", "queues> ")
        assert "! no scheduler" in printed
        assert "no queues yet" in printed


def test_a_store_that_is_away_from_the_start_is_said_and_tried_again(home: Path, start: Start) -> None:
    session = start(KARIN_HOME=str(home), REDIS_URL=f"unix://{home}/store.sock")
    assert "nothing was read yet" in session.hears("queues> ")
    for line in ("v 1", "s 3", "8"):
        session.says(line, "> ")
    with running_store(home):
        assert "no queues yet" in session.says("1", "queues> ")


def test_nothing_is_read_while_nobody_types(context: Context, visit: Visit) -> None:
    session = visit.begin()
    client = context.store.views._client
    before = client.info("commandstats")
    session.says("?", "queues> ")
    session.says("nonsense", "queues> ")
    assert {name for name, stats in client.info("commandstats").items() if stats != before.get(name)} <= {
        "cmdstat_info"
    }


def test_plain_lines_load_neither_the_full_screen_nor_the_aws_client(context: Context, lasting_home: Path) -> None:
    program = "import os, sys, karin.tui.command as m; m.main([], os.environ); print(*sys.modules)"
    done = subprocess.run(
        [str(Path(PROGRAM).with_name("python")), "-c", program],
        env=bare_environ(KARIN_HOME=str(lasting_home)),
        input="1\n8\nq\n",
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split(" "))
    assert "karin.tui.lines.session" in loaded
    assert not {"textual", "boto3", "botocore", "rich.console"} & loaded
