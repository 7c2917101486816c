"""``karin reschedule`` and ``karin delete`` against a running karin: as a script runs them, and as a person does."""

import json
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.person import person_at
from tests.system.whole import Karin

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def karin(plain_karin: Karin) -> Karin:
    """Return a karin with a queue ``idle`` that no function reads and one for FIFO."""
    sqs = plain_karin.sqs
    sqs.create_queue(QueueName="idle", Attributes={"VisibilityTimeout": "600"})
    sqs.create_queue(QueueName="idle.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    return plain_karin


def read_json(karin: Karin, *arguments: str) -> Any:
    """Run a command with ``--json`` and return what it printed."""
    done = karin.command(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def send(karin: Karin, queue: str, *options: str) -> str:
    """Send a message by the command line; return its id."""
    message_id: str = read_json(karin, "send", queue, "hello", *options)["message_id"]
    return message_id


def look(karin: Karin, queue: str, message_id: str) -> Any:
    return read_json(karin, "messages", queue, "--id", message_id)


def receive(karin: Karin, queue: str) -> None:
    """Receive whatever is ready, and keep it."""
    sqs = karin.sqs
    assert sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"])["Messages"]


def test_a_message_that_is_run_now_is_delivered_at_once(karin: Karin) -> None:
    message_id = send(karin, "hello", "--delay", "900")
    done = karin.command("reschedule", "hello", message_id[:8], "--now")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"message {message_id} of hello is due now\n"
    wait_until(lambda: message_id in karin.delivered(), "the message is delivered")


def test_a_message_is_put_off_and_a_script_is_told_until_when(karin: Karin) -> None:
    message_id = send(karin, "idle")
    before = look(karin, "idle", message_id)
    facts = read_json(karin, "reschedule", "idle", message_id, "--in", "2d")
    assert facts == {"queue": "idle", "message_id": message_id, "due_at_ms": facts["due_at_ms"]}
    assert 0 <= facts["due_at_ms"] - before["due_at_ms"] - 2 * DAY_MS < 60_000
    after = look(karin, "idle", message_id)
    assert (after["due_at_ms"], after["state"]) == (facts["due_at_ms"], "delayed")


def test_a_person_is_told_when_it_is_due_in_their_own_time(karin: Karin) -> None:
    message_id = send(karin, "idle")
    done = karin.command("reschedule", "idle", message_id, "--in", "1h30m")
    assert done.stdout.startswith(f"message {message_id} of idle is due in 1h, at 20")
    at = done.stdout.split()[-1]
    assert karin.command("reschedule", "idle", message_id, "--now").stdout.splitlines() == [
        f"message {message_id} of idle is due now",
        "karin calls no function with messages of idle: it waits for whoever receives it",
    ]
    again = karin.command("reschedule", "idle", message_id, "--at", at)
    assert (again.returncode, again.stdout.split()[-1]) == (0, at)


def test_what_is_in_flight_is_asked_about_before_it_may_come_twice(karin: Karin) -> None:
    message_id = send(karin, "idle", "--attribute", "why=in flight")
    receive(karin, "idle")
    refused = karin.command("reschedule", "idle", message_id, "--now")
    assert refused.returncode == 2
    assert f"Message {message_id} of idle is in flight, or waits for its retry in 9m." in refused.stderr
    assert "--yes" in refused.stderr
    with person_at(karin.environ, "reschedule", "idle", message_id, "--now") as person:
        person.read_until("Go on? [y/N]")
        person.type("n\n")
        person.read_until("nothing was changed")
        assert person.process.wait(10) == 1
    assert look(karin, "idle", message_id)["state"] == "leased"
    assert karin.command("reschedule", "idle", message_id, "--in", "1h").returncode == 0  # nobody is called sooner
    assert karin.command("reschedule", "idle", message_id, "--now", "--yes").returncode == 0
    seen = look(karin, "idle", message_id)
    assert (seen["state"], seen["receive_count"]) == ("ready", 1)


def test_a_message_is_deleted_after_a_yes(karin: Karin) -> None:
    message_id, kept = send(karin, "idle", "--delay", "900"), send(karin, "idle", "--delay", "900")
    refused = karin.command("delete", "idle", message_id)
    assert refused.returncode == 2
    assert f"Delete message {message_id} of idle for good?" in refused.stderr
    with person_at(karin.environ, "delete", "idle", message_id) as person:
        person.read_until("[y/N]")
        person.type("y\n")
        person.read_until(f"deleted message {message_id} of idle")
        assert person.process.wait(10) == 0
    assert karin.command("messages", "idle", "--id", message_id).returncode == 1
    facts = read_json(karin, "delete", "idle", kept, "--yes")
    assert facts == {"queue": "idle", "message_id": kept, "deleted": True}


def test_only_the_first_of_a_fifo_group_is_moved(karin: Karin) -> None:
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName="idle.fifo")["QueueUrl"]
    ids = [sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="a")["MessageId"] for body in "12"]
    refused = karin.command("reschedule", "idle.fifo", ids[1], "--in", "1h")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"karin: message {ids[1][:8]} stands behind another message of its group a: only the first can be moved\n"
    )
    assert karin.command("reschedule", "idle.fifo", ids[0], "--in", "1h").returncode == 0
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("reschedule", "idle", "abcdef"), 2, "one of the arguments --now --in --at is required"),
        (("reschedule", "idle", "abcdef", "--now", "--in", "5m"), 2, "not allowed with argument --now"),
        (("reschedule", "idle", "abcdef", "--in", "soon"), 2, "'soon' is not a duration: say 90, 90s, 10m, 2h or 1d"),
        (("reschedule", "idle", "abcdef", "--at", "noon"), 2, "'noon' is not a time: say 14:30"),
        (("reschedule", "idle", "abcdef", "--at", "2020-01-01"), 2, "2020-01-01 has passed already"),
        (("reschedule", "idle", "abcdef", "--now"), 1, "none whose id is, or begins with, abcdef"),
        (("reschedule", "nowhere", "abcdef", "--now"), 1, "there is no queue nowhere"),
        (("delete", "idle", "abcdef", "--yes"), 1, "none whose id is, or begins with, abcdef"),
        (("delete", "nowhere", "abcdef", "--yes"), 1, "there is no queue nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    karin: Karin, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    done = karin.command(*arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_message_cannot_wait_for_longer_than_its_queue_keeps_messages(karin: Karin) -> None:
    done = karin.command("reschedule", "idle", send(karin, "idle"), "--in", "5d")
    assert (done.returncode, done.stderr) == (1, "karin: a message of idle can wait for 4d at most\n")
