"""Message move tasks: their handles, what a request for one must look like, and how fast they may go."""

import base64
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.errors import InvalidParameterValue, MissingParameter
from karin.sqs.limits import MOVES_PER_SECOND
from karin.sqs.message import Message
from karin.sqs.moves import (
    STEPS_PER_SECOND,
    ActiveMove,
    MoveTask,
    check_listed,
    check_move,
    check_queue_types,
    moved_message,
    pace,
    read_task_handle,
)
from karin.sqs.names import QueueId

ACCOUNT = "000000000000"
DEAD = QueueId(ACCOUNT, "dead")
ARN, OTHER_ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead", f"arn:aws:sqs:us-east-1:{ACCOUNT}:other"
TASK_ID = "10f57157-fc38-4da9-a113-4de7e12d05dd"


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_handle_is_that_of_aws() -> None:
    handle = MoveTask(TASK_ID, ARN, None, None, 1, 1).handle

    assert json.loads(base64.b64decode(handle)) == {"taskId": TASK_ID, "sourceArn": ARN}
    assert read_task_handle(handle) == (TASK_ID, DEAD)


@pytest.mark.parametrize(
    "handle",
    [
        "",
        "foobared",
        "한글",
        "%%%",
        encoded([]),
        encoded({"taskId": TASK_ID}),
        encoded({"sourceArn": ARN}),
        encoded({"taskId": 1, "sourceArn": ARN}),
        encoded({"taskId": TASK_ID, "sourceArn": "dead"}),
        encoded({"taskId": TASK_ID, "sourceArn": ARN}) + "!",
    ],
)
def test_what_is_no_handle_is_refused(handle: str) -> None:
    with pytest.raises(InvalidParameterValue, match=r"^Value for parameter TaskHandle is invalid\.$"):
        read_task_handle(handle)


def test_a_handle_must_be_given() -> None:
    with pytest.raises(MissingParameter, match="TaskHandle"):
        read_task_handle(None)


@given(st.text())
def test_no_other_text_is_a_handle(handle: str) -> None:
    with pytest.raises(InvalidParameterValue):
        read_task_handle(handle)


@pytest.mark.parametrize("arn", ["", "dead", "arn:aws:sns:us-east-1:000000000000:dead", "arn:aws:sqs:us-east-1::dead"])
def test_an_arn_must_be_that_of_a_queue(arn: str) -> None:
    for name, source_arn, destination_arn in (("SourceArn", arn, None), ("DestinationArn", ARN, arn)):
        with pytest.raises(InvalidParameterValue) as refused:
            check_move(source_arn, destination_arn, None)
        assert refused.value.message == (
            f"You must use this format to specify the {name}:"
            " arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )


def test_a_source_must_be_given_and_differ_from_the_destination() -> None:
    with pytest.raises(MissingParameter, match="SourceArn"):
        check_move(None, ARN, None)
    with pytest.raises(InvalidParameterValue, match="cannot be the same"):
        check_move(ARN, ARN, None)


@pytest.mark.parametrize("rate", [-1, 0, 501])
def test_a_rate_has_bounds(rate: int) -> None:
    with pytest.raises(InvalidParameterValue, match="MaxNumberOfMessagesPerSecond"):
        check_move(ARN, OTHER_ARN, rate)
    assert [check_move(ARN, None, rate).max_per_second for rate in MOVES_PER_SECOND] == list(MOVES_PER_SECOND)


def test_a_listing_shows_one_task_unless_more_are_asked_for() -> None:
    assert [check_listed(most) for most in (None, 1, 10)] == [1, 1, 10]
    for most in (0, 11):
        with pytest.raises(InvalidParameterValue, match="between 1 and 10"):
            check_listed(most)


def test_messages_stay_among_queues_of_their_type() -> None:
    fifo = QueueId(ACCOUNT, "dead.fifo")

    for same in ((DEAD, None), (DEAD, DEAD), (fifo, None), (fifo, fifo)):
        check_queue_types(*same)
    for source, destination in ((DEAD, fifo), (fifo, DEAD)):
        with pytest.raises(InvalidParameterValue, match="of the same queue type"):
            check_queue_types(source, destination)


def test_a_moved_message_is_new_however_often_it_is_moved() -> None:
    old = Message(str(uuid.uuid4()), "body", 1, "sender", {}, "trace", "group", "old", "17", ARN)

    moved = [moved_message(task_id, old, 2, to_fifo=True) for task_id in (TASK_ID, TASK_ID, str(uuid.uuid4()))]

    assert moved[0] == moved[1]
    assert len({old.message_id, *(message.message_id for message in moved)}) == 3
    assert moved[0] == Message(
        moved[0].message_id, "body", 2, "sender", {}, "trace", "group", moved[0].message_id, None, None
    )
    assert moved_message(TASK_ID, old, 2, to_fifo=False).deduplication_id is None


def test_no_second_sees_more_than_the_rate_or_much_less() -> None:
    low, high = MOVES_PER_SECOND
    for rate in range(low, high + 1):
        size, gap_ms = pace(rate)

        most_steps = -(-1000 // (gap_ms - 1))  # in any half-open second, as far as a clock that rounds down can tell
        assert most_steps * size <= rate
        assert most_steps <= STEPS_PER_SECOND
        assert 1000 / gap_ms * size >= 0.85 * rate


def test_an_active_task_is_read_back_from_its_text() -> None:
    active = ActiveMove(DEAD, TASK_ID, 1_700_000_000_000)

    assert ActiveMove.parse(str(active)) == active
