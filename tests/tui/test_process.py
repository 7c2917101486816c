"""The real ``karin-tui``: in a terminal against a real store, without a terminal, and without a karin."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.store import Store
from tests.processes import bare_environ, running_store
from tests.support import wait_until
from tests.system.whole import definition
from tests.tui.terminal import terminal

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))


def _context(url: str, home: Path) -> Context:
    return Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))


def _count(context: Context, queue: QueueId) -> int:
    state = context.store.queues.describe(queue, context.clock.now_ms())
    return state.ready + state.delayed + state.leased


def _run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = bare_environ(KARIN_HOME=str(home))
    return subprocess.run([PROGRAM, *arguments], env=environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (160, 48)])
def test_a_person_sees_a_queue_sends_to_it_purges_it_and_leaves(home: Path, columns: int, lines: int) -> None:
    with running_store(home) as url, terminal(home, bare_environ(KARIN_HOME=str(home))) as screen:
        context = _context(url, home)
        queue = queues.create_queue(context, "orders", {}, {})
        sending.send_message(context, queue, Send("x", 600), Sender("test"))
        screen.start([PROGRAM], columns, lines)
        screen.shows("store embedded")
        screen.shows("orders")
        screen.shows("in 9m")
        screen.press("n")
        screen.shows("Send to orders")
        screen.type("hello")
        screen.shows("hello")
        screen.press("C-s")
        screen.shows("+ sent ")
        assert _count(context, queue) == 2
        screen.shows("!  orders")  # the list was read again: what a purge asks is counted there
        screen.press("p")
        screen.shows("This deletes 2 messages for good")
        screen.type("orders")
        screen.press("Enter")
        screen.shows("+ deleted 2 messages of orders")
        assert _count(context, queue) == 0
        screen.press("q")
        assert screen.exit_code() == 0


def test_a_sync_that_fails_tells_its_reason_in_the_terminal(home: Path) -> None:
    with running_store(home), terminal(home, bare_environ(KARIN_HOME=str(home))) as screen:
        screen.start([PROGRAM], 80, 24)
        screen.shows("no queues yet")
        screen.press("s")
        screen.shows("Nothing was changed.")
        screen.press("Enter")
        screen.hides("Nothing was changed.")
        screen.shows("x sync failed")
        screen.press("q")
        assert screen.exit_code() == 0


def test_a_sync_needs_neither_endpoint_nor_scheduler(home: Path) -> None:
    definition_of = definition(home / "functions", [{"name": "hello"}, {"name": "mails"}])
    with running_store(home), LocalLambda(definition_of, stderr=subprocess.DEVNULL) as functions:
        aws = {"AWS_ENDPOINT_URL_LAMBDA": functions.url, "AWS_ENDPOINT_URL_SQS": functions.url}
        environ = bare_environ(KARIN_HOME=str(home), **aws)
        with terminal(home, environ) as screen:
            screen.start([PROGRAM], 100, 30)
            screen.shows("! no scheduler")
            screen.press("s")
            screen.shows("+ 1 function, 2 mappings in us-east-1")
            screen.shows("new: hello -> printer")
            screen.press("Enter")
            screen.hides("new: hello -> printer")
            screen.press("2")
            screen.shows("2 Mappings 2")
            screen.press("q")
            assert screen.exit_code() == 0


def test_ctrl_z_gives_the_shell_back_and_fg_the_whole_picture(home: Path) -> None:
    with running_store(home) as url, terminal(home, bare_environ(KARIN_HOME=str(home), PS1="shell> ")) as screen:
        queues.create_queue(_context(url, home), "orders", {}, {})
        screen.start(["bash", "--norc", "--noprofile", "-i"], 80, 24)
        screen.ends_with("shell>")
        for view, text in (("1", "orders"), ("8", "this UI cost")):
            screen.type(f"{PROGRAM}\n" if view == "1" else "fg\n")
            screen.shows("! no scheduler")
            screen.press(view)
            screen.shows(text)
            below = screen.last_lines(2)
            screen.press("C-z")
            screen.ends_with("shell>")
            assert "Stopped" in screen.screen()
            assert text not in screen.screen()
            screen.type("fg\n")
            screen.shows(text)
            screen.looks(lambda lines: lines[0].startswith(" ! no scheduler │ "), "the first line is there again")
            screen.looks(lambda lines: lines[2].startswith(" 1 Queues "), "the views are there again")
            screen.looks(lambda lines, below=below: lines[-2:] == below, "the last lines are there again")  # type: ignore[misc]
            screen.hides("Stopped")
            screen.press("C-z")
            screen.ends_with("shell>")
        screen.type("fg\n")
        screen.shows("this UI cost")
        screen.press("q")
        screen.ends_with("shell>")
        screen.type("exit\n")
        assert screen.exit_code() == 0


def test_a_store_that_goes_away_and_comes_back_is_shown_as_that(home: Path) -> None:
    with terminal(home, bare_environ(KARIN_HOME=str(home))) as screen:
        with running_store(home) as url:
            queues.create_queue(_context(url, home), "orders", {}, {})
            screen.start([PROGRAM], 80, 24)
            screen.shows("orders")
        screen.shows("x store away")
        screen.shows("orders")
        with running_store(home):
            screen.shows("! no scheduler")
            screen.shows("no queues yet")
            screen.press("q")
            assert screen.exit_code() == 0


def test_without_a_terminal_it_prints_a_status_and_one_line_of_advice(home: Path) -> None:
    with running_store(home) as url:
        queue = queues.create_queue(_context(url, home), "orders", {}, {})
        sending.send_message(_context(url, home), queue, Send("x"), Sender("test"))
        done = _run(home)
    assert done.returncode == 1  # no scheduler is alive
    assert re.search(r"queues +1: 1 ready, 0 delayed, 0 in flight", done.stdout)
    assert done.stderr.count("\n") == 1
    assert "karin-tui needs a terminal" in done.stderr


def test_without_a_karin_it_says_so_in_one_line(home: Path) -> None:
    done = _run(home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"karin-tui: karin is not running here (nothing in {home}): start it with `karin up`, or set REDIS_URL\n"
    )


def test_a_socket_that_nobody_answers_on_is_no_karin(home: Path) -> None:
    with running_store(home):
        pass
    (home / "store.sock").touch()
    assert _run(home).returncode == 1


def test_the_password_of_a_store_is_never_shown(home: Path) -> None:
    environ = bare_environ(KARIN_HOME=str(home), REDIS_URL="redis://:secret-word@127.0.0.1:9/0")
    done = subprocess.run([PROGRAM], env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "secret-word" not in done.stdout + done.stderr


def test_an_open_terminal_ui_costs_no_connection_more_than_two(home: Path) -> None:
    with running_store(home) as url, terminal(home, bare_environ(KARIN_HOME=str(home))) as screen:
        client = redis.Redis.from_url(url)
        screen.start([PROGRAM], 80, 24)
        screen.shows("no queues yet")
        wait_until(lambda: len(client.client_list()) == 3, "the UI has two connections, and this test one")
        client.close()
        screen.press("q")
        assert screen.exit_code() == 0
