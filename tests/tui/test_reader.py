"""What is read when, and what it costs, against a real store and a clock that the test turns."""

import pytest
import redis

from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.operations.status import Status
from karin.settings import DEFAULT_SWEEP_SECONDS
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.signals import Nudge, Synced
from karin.tui.budget import COMMANDS_PER_SECOND, SAVED_COMMANDS, Budget
from karin.tui.reader import CLAIM_MS, ROUND_MS, Reader
from tests.clocks import ManualClock
from tests.tui.fakes import BUSY

SENDER = Sender("test")


@pytest.fixture
def reader(context: Context, clock: ManualClock) -> Reader:
    """Return a reader that has read nothing yet."""
    return Reader(context, DEFAULT_SWEEP_SECONDS, Budget(clock.now_ms()))


def _send(context: Context, queue: QueueId, delay_seconds: int = 0) -> None:
    sending.send_message(context, queue, Send("x", delay_seconds), SENDER)


def test_the_first_round_reads_everything_and_the_next_waits_ten_seconds(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    first = reader.read_if_due()
    assert first
    assert [state.queue for state in first.queues] == [queue]
    clock.advance(ms=ROUND_MS - 1)
    assert reader.read_if_due() is None
    clock.advance(ms=1)
    assert reader.read_if_due() == Status(clock.now_ms(), 0, first.queues, None)


def test_a_nudge_reads_its_queue_alone(reader: Reader, context: Context, raw: redis.Redis) -> None:
    orders, _ = (queues.create_queue(context, name, {}, {}) for name in ("orders", "mail"))
    reader.read_if_due()
    _send(context, orders)
    before = raw.info("commandstats")["cmdstat_evalsha"]["calls"]
    reader.heard(Nudge(orders, 0))
    status = reader.read_if_due()
    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
    assert status
    assert {state.queue.name: state.ready for state in status.queues} == {"orders": 1, "mail": 0}


def test_a_nudge_of_an_unknown_queue_reads_the_names_anew(reader: Reader, context: Context) -> None:
    reader.read_if_due()
    queue = queues.create_queue(context, "new", {}, {})
    reader.heard(Nudge(queue, 0))
    status = reader.read_if_due()
    assert status
    assert [state.queue.name for state in status.queues] == ["new"]


def test_a_nudged_queue_that_was_deleted_meanwhile_goes_away(reader: Reader, context: Context) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    reader.read_if_due()
    queues.delete_queue(context, queue)
    reader.heard(Nudge(queue, 0))
    status = reader.read_if_due()
    assert status
    assert status.queues == ()


def test_a_queue_is_read_once_when_its_message_comes_due(reader: Reader, context: Context, clock: ManualClock) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    _send(context, queue, delay_seconds=5)
    reader.read_if_due()
    clock.advance(seconds=5)
    assert reader.read_if_due() is None
    clock.advance(ms=CLAIM_MS)
    status = reader.read_if_due()
    assert status
    assert (status.queues[0].ready, status.queues[0].delayed) == (1, 0)
    clock.advance(seconds=1)
    assert reader.read_if_due() is None


def test_a_sync_is_shown_at_once(reader: Reader, context: Context) -> None:
    reader.read_if_due()
    assert BUSY.snapshot
    context.store.deployment.replace_snapshot(BUSY.snapshot)
    reader.heard(Synced())
    status = reader.read_if_due()
    assert status
    assert status.snapshot == BUSY.snapshot


def test_many_queues_and_nudges_cost_two_commands_a_second_at_most(
    context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    many = [queues.create_queue(context, f"queue-{number}", {}, {}) for number in range(60)]
    seconds = 120
    raw.config_resetstat()
    reader = Reader(context, DEFAULT_SWEEP_SECONDS, Budget(clock.now_ms()))
    for _ in range(seconds * 4):
        clock.advance(ms=250)
        for queue in many:
            reader.heard(Nudge(queue, 0))
        reader.read_if_due()
    stats = raw.info("commandstats")
    rounds = stats["cmdstat_zrangebylex"]["calls"]
    sent = stats["cmdstat_evalsha"]["calls"] + 3 * rounds  # names, heartbeats and at times the snapshot
    assert sent <= seconds * COMMANDS_PER_SECOND + SAVED_COMMANDS + len(many)


def test_a_person_who_changed_something_sees_it_without_waiting_for_the_round(reader: Reader, context: Context) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    reader.read_if_due()
    context.store.queues.set_attributes(queue, 0, {"DelaySeconds": "7"})
    reader.read_again()
    status = reader.read_if_due()
    assert status
    assert status.queues[0].attributes["DelaySeconds"] == "7"
