"""Moving dead letters: the same message arrives, once, whatever crashes between, and nothing is lost on the way."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from karin.operations.context import Context
from karin.operations.dead_letters import WARNING_INTERVAL_MS, move_dead
from karin.settings import Settings
from karin.sqs.limits import REMEMBERED_MS
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import connect
from karin.store.messages import MOST_OUTGOING, Claim, MessageCommands, Settled, Verdict
from karin.store.scripts import Scripts
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import DEAD, DEAD_FIFO, REGION, create_pair, fail, redrive_policy, send_any
from tests.store.servers import DurableStore
from tests.store.support import (
    ACCOUNT,
    FIFO,
    OTHER,
    QUEUE,
    all_keys,
    bodies,
    claim,
    counts,
    create,
    nudges,
    outgoing,
    send,
    settlement,
)

LEASE_MS = 30_000
BOTH_TYPES = pytest.mark.parametrize("queue", [QUEUE, FIFO])


def move(context: Context, queue: QueueId = QUEUE) -> tuple[Claim, int]:
    """Claim and move what is dead, as every reader of a queue does."""
    taken = claim(context.store, context.clock.now_ms(), queue=queue)
    return taken, move_dead(context, queue, taken)


@BOTH_TYPES
def test_a_message_is_moved_when_it_would_be_received_once_too_often(
    context: Context, store: Store, clock: ManualClock, raw: redis.Redis, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue, max_receive_count=2)
    attributes = {
        "text": MessageAttribute("String", string_value="값"),
        "raw": MessageAttribute("Binary", binary_value=b"\x00\xff"),
    }
    sent_at_ms = clock.now_ms()
    message_id = send_any(
        store, sent_at_ms, queue, attributes=attributes, trace_header="Root=1-2-3", sender_id="AIDAEXAMPLE"
    )
    first_at_ms = clock.advance(seconds=1)
    assert [received.receive_count for received in fail(store, first_at_ms, queue).messages] == [1]
    clock.advance(seconds=1)
    assert [received.receive_count for received in fail(store, clock.now_ms(), queue).messages] == [2]

    taken, moved = move(context, queue)

    assert (taken.messages, moved) == ((), 1)
    (arrived,) = claim(store, clock.advance(seconds=1), queue=target).messages
    assert (arrived.receive_count, arrived.first_received_at_ms) == (3, first_at_ms)
    message = arrived.message
    assert (message.message_id, message.body, message.sent_at_ms) == (message_id, "hello", sent_at_ms)
    assert (message.attributes, message.trace_header, message.sender_id) == (attributes, "Root=1-2-3", "AIDAEXAMPLE")
    assert message.dead_letter_source_arn == queue.arn(REGION)
    assert (message.group_id, message.deduplication_id) == (("a", message_id) if queue.is_fifo else (None, None))
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    if not queue.is_fifo:  # such a queue remembers for five minutes what was sent
        assert all_keys(raw).isdisjoint(keys.of_messages(queue))


def test_a_standard_message_is_kept_for_as_long_after_its_send_as_the_target_says(
    context: Context, store: Store, clock: ManualClock
) -> None:
    target = create_pair(store, clock.now_ms(), VisibilityTimeout=1)
    send(store, clock.now_ms())
    fail(store, clock.now_ms())
    retention_ms = 345_600_000
    clock.advance(ms=retention_ms - 1)
    assert move(context)[1] == 1
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)
    assert claim(store, clock.advance(ms=1), queue=target).messages == ()


def test_a_fifo_message_is_kept_anew_from_its_arrival(context: Context, store: Store, clock: ManualClock) -> None:
    target = create_pair(store, clock.now_ms(), FIFO)
    sent_at_ms = clock.now_ms()
    send_any(store, sent_at_ms, FIFO)
    fail(store, clock.now_ms(), FIFO)
    retention_ms = 345_600_000
    clock.advance(ms=retention_ms - 1)
    assert move(context, FIFO)[1] == 1
    (arrived,) = claim(store, clock.advance(ms=retention_ms - 1), queue=target).messages
    assert arrived.message.sent_at_ms == sent_at_ms


def test_a_fifo_queues_dead_letters_keep_the_order_of_their_group(
    context: Context, store: Store, clock: ManualClock
) -> None:
    target = create_pair(store, clock.now_ms(), FIFO)
    for number in range(6):
        send_any(store, clock.now_ms(), FIFO, str(number), group="ab"[number % 2])
    fail(store, clock.now_ms(), FIFO)
    assert move(context, FIFO)[1] == 6
    arrived = claim(store, clock.now_ms(), queue=target).messages
    for name, order in (("a", ["0", "2", "4"]), ("b", ["1", "3", "5"])):
        assert bodies(one for one in arrived if one.message.group_id == name) == order


@BOTH_TYPES
def test_the_living_of_the_same_claim_are_left_alone(
    context: Context, store: Store, clock: ManualClock, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    send_any(store, clock.now_ms(), queue, "dead")
    fail(store, clock.now_ms(), queue)
    send_any(store, clock.now_ms(), queue, "alive")
    taken, moved = move(context, queue)
    assert (bodies(taken), moved) == (["alive"], 1)
    assert counts(store, clock.now_ms(), queue) == (0, 1, 0)
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)


def test_a_claim_without_dead_messages_costs_no_command(
    context: Context, store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    create_pair(store, clock.now_ms())
    send(store, clock.now_ms())
    taken = claim(store, clock.now_ms())
    before = script_calls(raw)
    assert move_dead(context, QUEUE, taken) == 0
    assert script_calls(raw) == before


def script_calls(raw: redis.Redis) -> int:
    """Return how many scripts the store has run."""
    calls: int = raw.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
    return calls


def test_a_batch_of_dead_letters_costs_two_commands(
    context: Context, store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    target = create_pair(store, clock.now_ms())
    for number in range(10):
        send(store, clock.now_ms(), str(number))
    fail(store, clock.now_ms())
    taken = claim(store, clock.now_ms())
    before = script_calls(raw)
    assert move_dead(context, QUEUE, taken) == 10
    assert script_calls(raw) - before == 2
    assert counts(store, clock.now_ms(), target) == (10, 0, 0)


def test_no_command_carries_more_than_a_few_megabytes(
    context: Context, store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    target = create_pair(store, clock.now_ms())
    sent = [send(store, clock.now_ms(), "x" * 1_000_000) for _ in range(10)]
    fail(store, clock.now_ms())
    taken = claim(store, clock.now_ms())
    before = script_calls(raw)
    assert move_dead(context, QUEUE, taken) == 10
    assert script_calls(raw) - before == 2 * 5, "two messages at a time"
    arrived = claim(store, clock.now_ms(), queue=target).messages
    assert sorted(one.message.message_id for one in arrived) == sorted(sent)


def test_no_command_carries_more_messages_than_a_script_can_name_to_the_store(
    context: Context, store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    """The batch of a mapping may have 10,000, and all of them may be dead."""
    target, now_ms = create_pair(store, clock.now_ms()), clock.now_ms()
    for _ in range(5):
        store.messages.send(QUEUE, now_ms, [outgoing(now_ms) for _ in range(MOST_OUTGOING)])
    fail(store, now_ms, most=5 * MOST_OUTGOING)
    taken = claim(store, now_ms, most=5 * MOST_OUTGOING)
    before = script_calls(raw)
    assert move_dead(context, QUEUE, taken) == 5 * MOST_OUTGOING
    assert script_calls(raw) - before == 2 * 5
    assert counts(store, now_ms, target) == (5 * MOST_OUTGOING, 0, 0)


class DiesBeforeDeleting(MessageCommands):
    """Commands of a process that is killed where it would delete in the source."""

    def settle(self, *_: object, **__: object) -> Settled:
        """Die."""
        raise SystemExit("killed")


@pytest.mark.parametrize("outage_ms", [0, REMEMBERED_MS])
@BOTH_TYPES
def test_a_crash_between_the_two_commands_moves_the_message_once(
    context: Context, store: Store, store_url: str, clock: ManualClock, queue: QueueId, outage_ms: int
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    message_id = send_any(store, clock.now_ms(), queue)
    fail(store, clock.now_ms(), queue)
    commands = DiesBeforeDeleting(Scripts(connect(store_url, max_connections=1)))
    crashing = dataclasses.replace(context, store=dataclasses.replace(store, messages=commands))
    with pytest.raises(SystemExit):
        move(crashing, queue)
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)
    clock.advance(ms=LEASE_MS - 1)
    assert move(context, queue)[1] == 0
    clock.advance(ms=1 + outage_ms)
    assert move(context, queue)[1] == 1
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)
    taken = claim(store, clock.now_ms(), queue=target)
    (arrived,) = taken.messages
    assert (arrived.message.message_id, arrived.receive_count) == (message_id, 2)
    store.messages.settle(target, clock.now_ms(), [settlement(arrived, Verdict.DELETE)])
    assert claim(store, clock.now_ms(), queue=target).next_due_at_ms is None


@BOTH_TYPES
def test_two_readers_who_find_the_same_message_dead_move_it_once(
    context: Context, store: Store, clock: ManualClock, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    send_any(store, clock.now_ms(), queue)
    fail(store, clock.now_ms(), queue)
    slow = claim(store, clock.now_ms(), queue=queue)
    clock.advance(ms=LEASE_MS)
    assert move(context, queue)[1] == 1
    assert move_dead(context, queue, slow) == 1
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)


@BOTH_TYPES
def test_without_their_queue_dead_letters_stay_hidden_and_are_moved_once_it_is_there(
    context: Context, store: Store, clock: ManualClock, queue: QueueId, caplog: pytest.LogCaptureFixture
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    store.queues.delete(target, clock.now_ms())
    send_any(store, clock.now_ms(), queue)
    fail(store, clock.now_ms(), queue)
    taken, moved = move(context, queue)
    assert (len(taken.dead), moved) == (1, 0)
    assert counts(store, clock.now_ms(), queue) == (0, 1, 0)
    assert f"{target.name} of {queue.name} does not exist" in caplog.text
    clock.advance(ms=60_000)
    create(store, clock.now_ms(), target)
    assert move(context, queue)[1] == 1
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)


def test_a_missing_dead_letter_queue_is_named_once_a_minute(
    context: Context, store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(ms=WARNING_INTERVAL_MS)  # beyond what another test may have said of a queue of this name
    for queue in (QUEUE, OTHER):
        create(store, clock.now_ms(), queue, RedrivePolicy=redrive_policy(DEAD, 1), VisibilityTimeout=1)
        send(store, clock.now_ms(), queue=queue)
        fail(store, clock.now_ms(), queue)
    for _ in range(60):
        for queue in (QUEUE, OTHER):
            move(context, queue)
        clock.advance(seconds=1)
    assert len(caplog.records) == 2
    assert "create work-dead, or sync again if it is deployed" in caplog.text
    move(context)
    assert len(caplog.records) == 3


@BOTH_TYPES
def test_a_queue_that_is_its_own_dead_letter_queue_keeps_its_messages_and_hands_them_out(
    context: Context, store: Store, clock: ManualClock, queue: QueueId
) -> None:
    create(store, clock.now_ms(), queue, RedrivePolicy=redrive_policy(queue, 1))
    send_any(store, clock.now_ms(), queue)
    for _ in range(3):
        taken, moved = move(context, queue)
        assert (bodies(taken), moved) == (["hello"], 0)
        clock.advance(ms=LEASE_MS)


@BOTH_TYPES
def test_a_source_that_was_deleted_meanwhile_is_no_error(
    context: Context, store: Store, clock: ManualClock, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    send_any(store, clock.now_ms(), queue)
    fail(store, clock.now_ms(), queue)
    taken = claim(store, clock.now_ms(), queue=queue)
    store.queues.delete(queue, clock.now_ms())
    assert move_dead(context, queue, taken) == 1
    assert counts(store, clock.now_ms(), target) == (1, 0, 0)


def test_the_target_is_nudged(context: Context, store: Store, clock: ManualClock) -> None:
    target = create_pair(store, clock.now_ms())
    send(store, clock.now_ms())
    fail(store, clock.now_ms())
    with nudges(store) as heard:
        move(context)
        assert [(nudge.queue, nudge.due_at_ms) for nudge in heard.heard()] == [(target, clock.now_ms())]


@pytest.fixture
def durable() -> Iterator[DurableStore]:
    home = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with DurableStore(home) as running:
        yield running
    shutil.rmtree(home)


def test_a_store_out_of_reach_moves_nothing_and_raises_nothing(
    durable: DurableStore, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(durable.url, max_connections=1)
    context = Context.of(store, clock, Settings(home=Path("/nonexistent")))
    lonely = QueueId(ACCOUNT, "lonely")
    target = create(store, clock.now_ms(), DEAD_FIFO)
    create(store, clock.now_ms(), lonely, RedrivePolicy=redrive_policy(target, 1))
    send(store, clock.now_ms(), queue=lonely)
    fail(store, clock.now_ms(), lonely)
    taken = claim(store, clock.now_ms(), queue=lonely)
    assert taken.dead
    durable.kill()
    assert move_dead(context, lonely, taken) == 0
    assert f"cannot move messages from lonely to {target.name} now" in caplog.text
    durable.start()
