"""``karin redrive`` against a running karin: as a script runs it, and as a person does on a terminal."""

import json
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.person import person_at
from tests.system.whole import Karin


@pytest.fixture(scope="module")
def karin(plain_karin: Karin) -> Karin:
    """Return a karin with a queue ``jobs`` whose dead letters go to ``dead``."""
    sqs = plain_karin.sqs
    dead_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    sqs.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    sqs.create_queue(QueueName="other")
    return plain_karin


def url_of(sqs: Any, name: str) -> str:
    url: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return url


def ready(karin: Karin, name: str) -> int:
    """Return how many messages of a queue may be received."""
    sqs = karin.sqs
    wanted = "ApproximateNumberOfMessages"
    found = sqs.get_queue_attributes(QueueUrl=url_of(sqs, name), AttributeNames=[wanted])["Attributes"]
    return int(found[wanted])


def let_die(karin: Karin, *bodies: str) -> None:
    """Send messages to ``jobs`` and receive them once too often."""
    sqs = karin.sqs
    url = url_of(sqs, "jobs")
    before = ready(karin, "dead")
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    for _ in range(2):
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    wait_until(lambda: ready(karin, "dead") == before + len(bodies), "the messages are dead letters")


def empty(karin: Karin, *names: str) -> None:
    """Receive and delete whatever is ready."""
    sqs = karin.sqs
    for name in names:
        url = url_of(sqs, name)
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_redrive_asks_and_so_refuses_where_nobody_can_be_asked(karin: Karin) -> None:
    let_die(karin, "a")
    done = karin.command("redrive", "dead")
    assert done.returncode == 2
    assert "Move 1 message of dead to the queues they came from?" in done.stderr
    assert "--yes" in done.stderr
    assert ready(karin, "dead") == 1
    empty(karin, "dead")


def test_redrive_moves_dead_letters_back_and_says_so(karin: Karin) -> None:
    let_die(karin, "a", "b")
    done = karin.command("redrive", "dead", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "moving 2 messages of dead to the queues they came from\n"
    wait_until(lambda: ready(karin, "jobs") == 2, "the messages are back")
    assert ready(karin, "dead") == 0
    empty(karin, "jobs")


def test_redrive_tells_a_script_the_task(karin: Karin) -> None:
    sqs = karin.sqs
    sqs.send_message(QueueUrl=url_of(sqs, "dead"), MessageBody="sent here by hand")
    done = karin.command("redrive", "dead", "--to", "other", "--rate", "500", "--yes", "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts.pop("task_handle")
    assert facts == {"queue": "dead", "to": "other", "max_per_second": 500, "to_move": 1}
    wait_until(lambda: ready(karin, "other") == 1, "the message is moved")
    empty(karin, "other")


def test_a_person_is_asked_and_shown_the_progress(karin: Karin) -> None:
    let_die(karin, "a", "b", "c")
    with person_at(karin.environ, "redrive", "dead", "--rate", "1") as person:
        person.read_until("Move 3 messages of dead to the queues they came from? [y/N] ")
        person.type("y\n")
        person.read_until("moving 3 messages of dead to the queues they came from, 1 a second")
        person.read_until("\r\x1b[Kmoved ")
        person.read_until("moved 3 of 3 messages of dead\r\n")
        assert person.process.wait(10) == 0
    assert ready(karin, "jobs") == 3
    empty(karin, "jobs")


def test_a_person_may_think_better_of_it(karin: Karin) -> None:
    let_die(karin, "a")
    with person_at(karin.environ, "redrive", "dead") as person:
        person.read_until("[y/N] ")
        person.type("\n")
        person.read_until("nothing was moved")
        assert person.process.wait(10) == 1
    assert ready(karin, "dead") == 1
    empty(karin, "dead")


def test_a_person_may_leave_while_the_task_goes_on(karin: Karin) -> None:
    let_die(karin, "a", "b", "c")
    with person_at(karin.environ, "redrive", "dead", "--rate", "1", "--yes") as person:
        person.read_until("moved ")
        person.press_ctrl_c()
        person.read_until("the task goes on without you")
        assert person.process.wait(10) == 0
    wait_until(lambda: ready(karin, "jobs") == 3, "the task has gone on")
    empty(karin, "jobs")


def test_a_task_that_failed_says_what_to_do(karin: Karin) -> None:
    sqs = karin.sqs
    sqs.send_message(QueueUrl=url_of(sqs, "dead"), MessageBody="sent here by hand")
    with person_at(karin.environ, "redrive", "dead", "--yes") as person:
        person.read_until(
            "moved 0 of 1 message of dead: the rest was sent to dead directly; name a queue for it with --to"
        )
        assert person.process.wait(10) == 1
    assert ready(karin, "dead") == 1
    empty(karin, "dead")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "there is no queue nowhere"),
        (("dead", "--to", "nowhere"), "there is no queue nowhere"),
        (("dead", "--to", "dead"), "cannot be the same"),
        (("jobs",), "jobs is no dead-letter queue"),
        (("dead", "--rate", "501"), "between 1 and 500"),
    ],
)
@pytest.mark.parametrize("is_asked", [False, True])
def test_a_redrive_that_cannot_be_says_why_before_anyone_is_asked(
    karin: Karin, arguments: tuple[str, ...], words: str, *, is_asked: bool
) -> None:
    let_die(karin, "a")
    done = karin.command("redrive", *arguments, *(() if is_asked else ("--yes",)))
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    empty(karin, "dead")


def test_nobody_is_asked_about_nothing(karin: Karin) -> None:
    done = karin.command("redrive", "dead")
    assert (done.returncode, done.stdout) == (0, "moving 0 messages of dead to the queues they came from\n")
