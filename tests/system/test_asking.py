"""What a person is asked before something cannot be undone: every way to say yes, to say no, and not to be there."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.store.store import Store
from tests.processes import bare_environ
from tests.store.support import create, send
from tests.system.person import END_OF_INPUT, Person, person_at

QUESTION = "Delete 1 message of work? Type the queue's name to go on: "
UNDONE = "karin: nothing was deleted\r\n"


@pytest.fixture
def environ(store_url: str, store: Store, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a person whose queue ``work`` has a message."""
    now_ms = SystemClock().now_ms()
    create(store, now_ms)
    send(store, now_ms, "keep me", delay_ms=900_000)
    return bare_environ(REDIS_URL=store_url, KARIN_HOME=str(tmp_path))


def held(store: Store) -> int:
    """Return how many messages are left."""
    (queue,) = store.queues.names()
    return store.queues.describe(queue, SystemClock().now_ms()).delayed


def test_a_person_who_types_the_name_means_it(environ: dict[str, str], store: Store) -> None:
    with person_at(environ, "purge", "work") as person:
        person.read_until(QUESTION)
        person.type("work\n")
        person.read_until("deleted 1 message of work\r\n")
        assert person.process.wait(10) == 0
    assert held(store) == 0


@pytest.mark.parametrize(
    "answer",
    [
        lambda person: person.type("\n"),
        lambda person: person.type("y\n"),
        lambda person: person.type("wor\xff\n"),
        lambda person: person.type(END_OF_INPUT),
        Person.press_ctrl_c,
    ],
    ids=["nothing", "yes", "another name", "Ctrl-D", "Ctrl-C"],
)
def test_whatever_else_a_person_answers_changes_nothing(
    environ: dict[str, str], store: Store, answer: Callable[[Person], None]
) -> None:
    with person_at(environ, "purge", "work") as person:
        person.read_until(QUESTION)
        answer(person)
        shown = person.read_until(UNDONE)
        assert person.process.wait(10) == 1
    assert f"\n{UNDONE}" in shown, "it stands on a line of its own"
    assert "Traceback" not in shown
    assert held(store) == 1


def test_a_question_is_no_part_of_what_a_program_reads(environ: dict[str, str], store: Store, tmp_path: Path) -> None:
    with (
        (tmp_path / "output").open("wb") as output,
        person_at(environ, "purge", "work", "--json", stdout=output) as person,
    ):
        person.read_until(QUESTION)
        person.type("work\n")
        assert person.process.wait(10) == 0
    assert json.loads((tmp_path / "output").read_bytes()) == {"queue": "work", "deleted": 1}


def test_a_long_question_is_wrapped_between_words(environ: dict[str, str]) -> None:
    with person_at(environ, "purge", "work", columns=40) as person:
        person.read_until("Delete 1 message of work? Type the\r\nqueue's name to go on: ")


def closed() -> None:
    """Close standard input, as a shell does with ``<&-``."""
    os.close(0)


@pytest.mark.parametrize("arguments", [("purge", "work"), ("send", "work", "-")])
def test_a_closed_standard_input_is_one_line(environ: dict[str, str], store: Store, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "karin", *arguments],
        env=environ,
        preexec_fn=closed,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert held(store) == 1


def test_nobody_is_asked_about_an_empty_queue(environ: dict[str, str], store: Store) -> None:
    with person_at(environ, "purge", "work", "--yes") as person:
        person.read_until("deleted 1 message of work")
    with person_at(environ, "purge", "work") as person:
        person.read_until("deleted 0 messages of work")
        assert person.process.wait(10) == 0
    assert held(store) == 0
