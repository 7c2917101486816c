"""karin-tui through a real SSH server, whose sessions have an environment of their own and at first no terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import pytest

from karin.clock import SystemClock
from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.store import Store
from tests.processes import bare_environ, running_store
from tests.support import wait_until
from tests.tui.lines.talking import Talk, talk
from tests.tui.sshd import Server, running_sshd
from tests.tui.terminal import terminal

PROGRAM = Path(sys.executable).with_name("karin-tui")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Return an SSH server."""
    with running_sshd(tmp_path) as running:
        yield running


@pytest.fixture
def context(home: Path) -> Iterator[Context]:
    """Return what operations need, over a store with two messages in one queue."""
    with running_store(home) as url:
        found = Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))
        queue = queues.create_queue(found, "orders", {}, {})
        for _ in range(2):
            sending.send_message(found, queue, Send("hello", 600), Sender("test"))
        yield found


def remote(home: Path, *arguments: str) -> str:
    """Return the command as it is run over there: a session has none of the variables of whoever runs the tests."""
    return " ".join(["env", f"KARIN_HOME={quote(str(home))}", quote(str(PROGRAM)), *arguments])


def messages_left(context: Context) -> int:
    state = context.store.queues.describe(QueueId(context.account.id(), "orders"), context.clock.now_ms())
    return state.ready + state.delayed + state.leased


def sees_purges_and_leaves(session: Talk, context: Context) -> None:
    """Do what a person does on a visit."""
    assert "1  ~  orders" in session.hears("queues> ")
    assert "Type orders to go on" in session.says("p 1", "cancels: ")
    assert "+ deleted 2 messages of orders" in session.says("orders", "queues> ")
    assert messages_left(context) == 0
    session.types("q")
    assert session.exit_code() == 0
    assert session.errors == ""
    assert "\x1b" not in session.output
    assert "\r" not in session.output


def test_without_a_terminal_a_person_sees_a_queue_purges_it_and_leaves(
    server: Server, home: Path, context: Context
) -> None:
    with talk(server.client(remote(home)), bare_environ()) as session:
        sees_purges_and_leaves(session, context)


def test_a_key_that_may_do_nothing_else_leads_to_it(server: Server, home: Path, context: Context) -> None:
    server.allow(f'restrict,command="{remote(home)}"')
    with talk(server.client("echo something else"), bare_environ()) as session:
        sees_purges_and_leaves(session, context)


def test_a_key_can_be_bound_to_looking(server: Server, home: Path, context: Context) -> None:
    server.allow(f'restrict,command="{remote(home, "--readonly")}"')
    with talk(server.client(), bare_environ()) as session:
        session.hears("queues> ")
        assert "read-only" in session.says("p 1", "queues> ")
        session.hangs_up()
        assert session.exit_code() == 0
    assert messages_left(context) == 2


def test_where_nobody_types_it_tells_the_status_once(server: Server, home: Path, context: Context) -> None:
    done = subprocess.run(
        server.client("-n", remote(home)), env=bare_environ(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1  # no scheduler is alive
    assert "scheduler" in done.stdout
    assert "ssh -t" in done.stdout + done.stderr


def test_a_session_that_is_cut_off_leaves_no_process_behind(server: Server, home: Path, context: Context) -> None:
    marker = f"KARIN_HOME={home}"
    with talk(server.client(remote(home)), bare_environ()) as session:
        session.hears("queues> ")
        assert processes_with(marker)
    wait_until(lambda: not processes_with(marker), "karin-tui ended with its session")


def processes_with(variable: str) -> list[str]:
    """Return the programs that run with a variable in their environment, as name=value."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(os.fsdecode((folder / "cmdline").read_bytes()))
        except OSError:  # ended meanwhile, not ours, or no process at all
            continue
    return [one for one in found if PROGRAM.name in one]


def test_with_a_terminal_it_is_the_full_screen(server: Server, home: Path, context: Context, tmp_path: Path) -> None:
    with terminal(tmp_path, bare_environ()) as screen:
        screen.start(server.client("-tt", remote(home)), 80, 24)
        screen.shows("Queues")
        screen.shows("orders")
        screen.press("q")
        assert screen.exit_code() == 0
