"""StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask."""

import base64
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.scheduler.mover import Mover
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.store import Store
from tests.store.support import outgoing
from tests.wire.monitoring import commands
from tests.wire.raw import ask_json, ask_query, query
from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, MISSING_PARAMETER, OVER_LIMIT, RESOURCE_NOT_FOUND, SqsClient

CLOCK = SystemClock()
FORMAT = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
TASK_ID = "10f57157-fc38-4da9-a113-4de7e12d05dd"

Work = Callable[..., None]


def arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


DEAD, WORK, OTHER = arn("dead"), arn("work"), arn("other")


def handle_of(source_arn: str, task_id: str = TASK_ID) -> str:
    return base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": source_arn}).encode()).decode()


@pytest.fixture
def queues(client: SqsClient) -> None:
    """Make a queue, its dead-letter queue, and another."""
    client.create("dead")
    client.create("work", RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1}))
    client.create("other")


@pytest.fixture
def bury(store: Store) -> Callable[[int], None]:
    """Return a way to put messages into the dead-letter queue, as if they had come from ``work``."""

    def send(count: int) -> None:
        dead = [outgoing(CLOCK.now_ms(), f"body {n}", dead_letter_source_arn=WORK) for n in range(count)]
        store.messages.send(QueueId(ACCOUNT, "dead"), CLOCK.now_ms(), dead)

    return send


@pytest.fixture
def work(store: Store) -> Work:
    """Return a way to let a scheduler work on all tasks: for some steps, or until they are over."""
    context = Context.of(store, CLOCK, Settings(home=Path("/nonexistent")))
    movers: list[Mover] = []

    def steps(most: int = 1_000) -> None:
        if not movers:
            movers.extend(
                Mover(context, "me", active) for active in store.sweeping.sweep([], "me", CLOCK.now_ms()).moves
            )
        for mover in list(movers):
            for _ in range(most):
                if mover.step() is None:
                    movers.remove(mover)
                    break

    return steps


def tasks_of(client: SqsClient, source_arn: str = DEAD, most: int = 10) -> list[dict[str, Any]]:
    """Return the tasks of a source, the latest first."""
    result = client.call("ListMessageMoveTasks", SourceArn=source_arn, MaxResults=most)
    assert result.keys() <= {"Results"}
    tasks: list[dict[str, Any]] = result.get("Results", [])
    return tasks


def ready(client: SqsClient, name: str) -> int:
    """Return how many messages of a queue may be received."""
    return int(client.attributes(name)["ApproximateNumberOfMessages"])


@pytest.mark.usefixtures("queues")
def test_a_running_task_tells_what_it_is_to_do(client: SqsClient, bury: Callable[[int], None]) -> None:
    bury(3)
    before_ms = CLOCK.now_ms()

    result = client.call("StartMessageMoveTask", SourceArn=DEAD, DestinationArn=OTHER, MaxNumberOfMessagesPerSecond=500)

    assert result.keys() == {"TaskHandle"}
    said = json.loads(base64.b64decode(result["TaskHandle"]))
    assert said == {"taskId": str(uuid.UUID(said["taskId"])), "sourceArn": DEAD}
    (task,) = tasks_of(client)
    assert before_ms <= task.pop("StartedTimestamp") <= CLOCK.now_ms()
    assert task == {
        "TaskHandle": result["TaskHandle"],
        "Status": "RUNNING",
        "SourceArn": DEAD,
        "DestinationArn": OTHER,
        "MaxNumberOfMessagesPerSecond": 500,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": 3,
    }


@pytest.mark.usefixtures("queues")
def test_a_completed_task_has_moved_everything_and_no_handle(
    client: SqsClient, bury: Callable[[int], None], work: Work
) -> None:
    bury(3)
    client.call("StartMessageMoveTask", SourceArn=DEAD)

    work()

    (task,) = tasks_of(client)
    assert task.pop("StartedTimestamp")
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": DEAD,
        "ApproximateNumberOfMessagesMoved": 3,
        "ApproximateNumberOfMessagesToMove": 3,
    }
    assert (ready(client, "dead"), ready(client, "work")) == (0, 3)


@pytest.mark.usefixtures("queues")
def test_a_failed_task_tells_why(client: SqsClient, bury: Callable[[int], None], work: Work) -> None:
    bury(2)
    client.call("StartMessageMoveTask", SourceArn=DEAD, DestinationArn=OTHER)
    client.call("DeleteQueue", QueueUrl="other")

    work()

    (task,) = tasks_of(client)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert task["ApproximateNumberOfMessagesMoved"] == 0
    assert ready(client, "dead") == 2


@pytest.mark.usefixtures("queues")
def test_a_cancelled_task_keeps_what_is_moved_where_it_is(
    client: SqsClient, bury: Callable[[int], None], work: Work
) -> None:
    bury(5)
    handle = client.call("StartMessageMoveTask", SourceArn=DEAD, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    work(2)

    assert client.call("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 1}

    (task,) = tasks_of(client)
    assert task["Status"] == "CANCELLING"
    assert "TaskHandle" not in task
    assert client.call("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 1}
    work()
    (task,) = tasks_of(client)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("CANCELLED", 1)
    assert (ready(client, "dead"), ready(client, "work")) == (4, 1)
    said = client.refused("CancelMessageMoveTask", RESOURCE_NOT_FOUND, TaskHandle=handle)
    assert said == "Task does not exist."


@pytest.mark.usefixtures("queues")
def test_tasks_are_listed_latest_first_and_one_unless_more_are_asked_for(
    client: SqsClient, bury: Callable[[int], None], work: Work
) -> None:
    for count in range(1, 4):
        bury(count)
        client.call("StartMessageMoveTask", SourceArn=DEAD)
        work()

    assert [task["ApproximateNumberOfMessagesToMove"] for task in tasks_of(client)] == [3, 2, 1]
    assert [task["ApproximateNumberOfMessagesToMove"] for task in tasks_of(client, most=2)] == [3, 2]
    (latest,) = client.call("ListMessageMoveTasks", SourceArn=DEAD)["Results"]
    assert latest["ApproximateNumberOfMessagesToMove"] == 3


@pytest.mark.usefixtures("queues")
def test_without_tasks_the_list_has_no_key(client: SqsClient) -> None:
    assert client.call("ListMessageMoveTasks", SourceArn=DEAD) == {}
    assert client.call("ListMessageMoveTasks", SourceArn=WORK) == {}, "nor need the queue be for dead letters"


@pytest.mark.usefixtures("queues")
def test_a_source_has_one_active_task(client: SqsClient, work: Work) -> None:
    handle = client.call("StartMessageMoveTask", SourceArn=DEAD)["TaskHandle"]
    text = "There is already a task running. Only one active task is allowed for a source queue arn at a given time."

    assert client.refused("StartMessageMoveTask", INVALID_PARAMETER, SourceArn=DEAD) == text
    client.call("CancelMessageMoveTask", TaskHandle=handle)
    assert client.refused("StartMessageMoveTask", INVALID_PARAMETER, SourceArn=DEAD) == text
    work()
    client.call("StartMessageMoveTask", SourceArn=DEAD)


@pytest.mark.usefixtures("queues")
def test_an_account_has_a_hundred_active_tasks_at_most(client: SqsClient, raw: redis.Redis) -> None:
    for number in range(100):
        raw.zadd(keys.MOVING, {f"{ACCOUNT}/dead-{number} {uuid.uuid4()}": CLOCK.now_ms()})

    client.refused("StartMessageMoveTask", OVER_LIMIT, SourceArn=DEAD)

    assert tasks_of(client) == []


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"SourceArn": ""}, f"You must use this format to specify the SourceArn: {FORMAT}"),
        ({"SourceArn": "dead"}, f"You must use this format to specify the SourceArn: {FORMAT}"),
        (
            {"SourceArn": DEAD, "DestinationArn": ""},
            f"You must use this format to specify the DestinationArn: {FORMAT}",
        ),
        ({"SourceArn": WORK}, "Source queue must be configured as a Dead Letter Queue."),
        ({"SourceArn": WORK, "DestinationArn": OTHER}, "Source queue must be configured as a Dead Letter Queue."),
        (
            {"SourceArn": DEAD, "DestinationArn": DEAD},
            "Source queue arn and destination queue arn cannot be the same.",
        ),
        *(
            (
                {"SourceArn": DEAD, "MaxNumberOfMessagesPerSecond": rate},
                (
                    "Value for parameter MaxNumberOfMessagesPerSecond is invalid."
                    " Reason: You must enter a number that's between 1 and 500."
                ),
            )
            for rate in (-1, 0, 501)
        ),
    ],
)
def test_a_start_that_breaks_a_rule_is_refused(client: SqsClient, parameters: dict[str, Any], text: str) -> None:
    assert client.refused("StartMessageMoveTask", INVALID_PARAMETER, **parameters) == text


@pytest.mark.usefixtures("queues")
def test_messages_stay_among_queues_of_their_type(client: SqsClient) -> None:
    client.create("other.fifo", FifoQueue="true")

    said = client.refused("StartMessageMoveTask", INVALID_PARAMETER, SourceArn=DEAD, DestinationArn=arn("other.fifo"))

    assert said == "The source queue and destination queue must be of the same queue type."


@pytest.mark.usefixtures("queues")
def test_queues_that_do_not_exist_are_named_by_their_parameter(client: SqsClient) -> None:
    for action, parameters, name in (
        ("StartMessageMoveTask", {"SourceArn": arn("nobody")}, "SourceArn"),
        ("StartMessageMoveTask", {"SourceArn": arn("nobody"), "DestinationArn": arn("nowhere")}, "SourceArn"),
        ("StartMessageMoveTask", {"SourceArn": DEAD, "DestinationArn": arn("nowhere")}, "DestinationArn"),
        ("ListMessageMoveTasks", {"SourceArn": arn("nobody")}, "SourceArn"),
        ("CancelMessageMoveTask", {"TaskHandle": handle_of(arn("nobody"))}, "SourceArn"),
    ):
        said = client.refused(action, RESOURCE_NOT_FOUND, **parameters)
        assert said == f"The resource that you specified for the {name} parameter doesn't exist."


@pytest.mark.usefixtures("queues")
def test_a_handle_without_a_task_is_refused(client: SqsClient) -> None:
    said = client.refused("CancelMessageMoveTask", RESOURCE_NOT_FOUND, TaskHandle=handle_of(DEAD))

    assert said == "Task does not exist."


@pytest.mark.parametrize("handle", ["foobared", "", handle_of("dead"), "e30="])
def test_what_is_no_handle_is_refused(client: SqsClient, handle: str) -> None:
    said = client.refused("CancelMessageMoveTask", INVALID_PARAMETER, TaskHandle=handle)

    assert said == "Value for parameter TaskHandle is invalid."


@pytest.mark.parametrize("most", [-1, 0, 11])
def test_a_listing_has_ten_tasks_at_most(client: SqsClient, most: int) -> None:
    said = client.refused("ListMessageMoveTasks", INVALID_PARAMETER, SourceArn=DEAD, MaxResults=most)

    assert said == (
        "Value for parameter MaxResults is invalid. Reason: You must enter a number that's between 1 and 10."
    )


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("StartMessageMoveTask", "SourceArn"),
        ("ListMessageMoveTasks", "SourceArn"),
        ("CancelMessageMoveTask", "TaskHandle"),
    ],
)
def test_what_is_missing_is_named(client: SqsClient, action: str, name: str) -> None:
    assert client.refused(action, MISSING_PARAMETER) == f"The request must contain the parameter {name}."


@pytest.mark.usefixtures("queues")
def test_a_purged_source_keeps_its_tasks_and_a_deleted_one_does_not(
    client: SqsClient, bury: Callable[[int], None], raw: redis.Redis
) -> None:
    bury(1)
    client.call("StartMessageMoveTask", SourceArn=DEAD)

    client.call("PurgeQueue", QueueUrl="dead")
    assert len(tasks_of(client)) == 1
    client.call("DeleteQueue", QueueUrl="dead")

    client.refused("ListMessageMoveTasks", RESOURCE_NOT_FOUND, SourceArn=DEAD)
    assert not raw.exists(keys.move(QueueId(ACCOUNT, "dead")), keys.moves(QueueId(ACCOUNT, "dead")))


@pytest.mark.usefixtures("queues")
def test_listing_and_cancelling_are_one_command_and_starting_is_six(
    client: SqsClient, raw: redis.Redis, bury: Callable[[int], None], work: Work
) -> None:
    bury(2)
    handle = client.call("StartMessageMoveTask", SourceArn=DEAD)["TaskHandle"]
    client.call("CancelMessageMoveTask", TaskHandle=handle)
    tasks_of(client)
    work()

    with commands(raw) as seen:
        handle = client.call("StartMessageMoveTask", SourceArn=DEAD, DestinationArn=OTHER)["TaskHandle"]
    assert seen == ["EVALSHA", "EXISTS", "EVALSHA", "EVALSHA", "EVALSHA", "PUBLISH"]
    work(1)
    with commands(raw) as seen:
        tasks_of(client)
        client.call("CancelMessageMoveTask", TaskHandle=handle)
    assert seen == ["EVALSHA"] * 2


def test_numbers_are_numbers_in_json_and_text_in_query(endpoint: str, client: SqsClient, queues: None) -> None:
    client.call("StartMessageMoveTask", SourceArn=DEAD, MaxNumberOfMessagesPerSecond=7)

    (task,) = ask_json(endpoint, "ListMessageMoveTasks", {"SourceArn": DEAD}).json()["Results"]
    assert isinstance(task["StartedTimestamp"], int)
    assert task["MaxNumberOfMessagesPerSecond"] == 7
    answer = ask_query(endpoint, query("ListMessageMoveTasks", SourceArn=DEAD))
    assert [child.tag.rpartition("}")[2] for child in answer.xml()[0]] == ["ListMessageMoveTasksResultEntry"]
    assert answer.texts()["StartedTimestamp"] == str(task["StartedTimestamp"])
