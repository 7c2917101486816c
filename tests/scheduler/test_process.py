"""The scheduler as a process: on time, in one piece with its neighbours, and nothing lost whoever dies."""

import signal
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import msgspec
import pytest
import redis

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.mapping.model import Snapshot
from karin.scheduler.served import CALL_MARGIN_MS
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.stored import pack_message
from karin.store import keys
from karin.store.signals import SyncAsked, Synced, SyncFailed
from karin.store.store import Store
from tests.processes import running_store
from tests.scheduler.scheduled import (
    MANY,
    QUICK,
    QUICK_TIMEOUT_SECONDS,
    SLOW,
    Deliveries,
    running_scheduler,
    sync_with,
    write_deployment,
)
from tests.store.servers import DurableStore, monitored, started_store
from tests.store.support import ACCOUNT, counts, create, send
from tests.support import START_SECONDS, short_folder, wait_until

CLOCK = SystemClock()
GENEROUS_MS = 3_000  # how late a busy test machine may be; benchmarks measure the real figure


@pytest.fixture
def deliveries(service: LocalLambda) -> Deliveries:
    return Deliveries(service)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "scheduler.log"


@pytest.fixture
def scheduler(store_url: str, store: Store, service: LocalLambda, log: Path) -> Iterator[Popen[bytes]]:
    """Run a scheduler on a store that knows the deployment, until it serves that."""
    sync_with(store, service)
    with running_scheduler(store_url, service, log) as running:
        wait_until_it_serves(store)
        yield running


@dataclass(frozen=True)
class Serving:
    """A scheduler that serves, and its store."""

    process: Popen[bytes]
    store: Store
    raw: redis.Redis


@pytest.fixture(scope="module")
def serving(service: LocalLambda) -> Iterator[Serving]:
    """Run a scheduler for the tests that leave it as it was."""
    with short_folder() as home, running_store(home) as url, closing(redis.Redis.from_url(url)) as raw:
        store = Store.open(url, max_connections=2)
        sync_with(store, service)
        with running_scheduler(url, service, home / "scheduler.log") as running:
            wait_until_it_serves(store)
            yield Serving(running, store, raw)


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def wait_until_it_serves(store: Store) -> None:
    wait_until(
        lambda: store.deployment.snapshot() and store.deployment.last_sweeps(), "the scheduler serves", START_SECONDS
    )


def wait_until_gone(store: Store, queue: QueueId) -> None:
    wait_until(lambda: counts(store, CLOCK.now_ms(), queue) == (0, 0, 0), f"{queue.name} is empty", 20)


def put_behind_its_back(raw: redis.Redis, queue: QueueId, due_at_ms: int) -> str:
    """Store a message as if its nudge had been lost."""
    message = Message(str(uuid.uuid4()), "lost", CLOCK.now_ms())
    raw.hset(keys.messages(queue), message.message_id, pack_message(message))
    raw.zadd(keys.due(queue), {message.message_id: due_at_ms})
    return message.message_id


def test_the_first_start_syncs_and_makes_the_queues(
    store_url: str, store: Store, service: LocalLambda, log: Path
) -> None:
    with running_scheduler(store_url, service, log):
        wait_until_it_serves(store)
    snapshot = store.deployment.snapshot()
    assert snapshot
    assert {mapping.queue.name for mapping in snapshot.mappings} == {"quick", "slow", *MANY}
    assert store.queues.names() == sorted([QUICK, SLOW, *(QueueId(ACCOUNT, name) for name in MANY)])
    assert store.queues.describe(QUICK, CLOCK.now_ms()).attributes["VisibilityTimeout"] == "1"


def test_messages_are_delivered_when_they_are_due_and_not_before(serving: Serving, deliveries: Deliveries) -> None:
    store = serving.store
    due_at_ms: dict[str, int] = {}
    for delay_ms in (1_500, 0, 700):
        now_ms = CLOCK.now_ms()
        due_at_ms[send(store, now_ms, queue=SLOW, delay_ms=delay_ms)] = now_ms + delay_ms
    wait_until(lambda: all(deliveries.of(message_id) for message_id in due_at_ms), "all are delivered", 20)
    wait_until_gone(store, SLOW)
    for message_id, instant_ms in due_at_ms.items():
        (record,) = deliveries.of(message_id)
        assert 0 <= record.received_at_ms - instant_ms < GENEROUS_MS
        assert (record.error, record.log) == (None, "1\n")
    arrived = [message_id for record in deliveries.all() for message_id in record.message_ids]
    assert arrived == sorted(due_at_ms, key=due_at_ms.__getitem__)


@pytest.mark.usefixtures("scheduler")
def test_a_new_snapshot_is_taken_up_while_it_runs(store: Store, deliveries: Deliveries) -> None:
    snapshot = store.deployment.snapshot()
    assert snapshot
    late = QueueId(ACCOUNT, "late")
    create(store, CLOCK.now_ms(), late)
    waiting = send(store, CLOCK.now_ms(), queue=late)
    mapping = msgspec.structs.replace(snapshot.mappings[0], uuid="late", queue_arn=late.arn("us-east-1"))
    store.deployment.replace_snapshot(msgspec.structs.replace(snapshot, mappings=(mapping,)))
    store.signals.publish(Synced())
    wait_until(lambda: deliveries.of(waiting), "what waited in the new queue is delivered", 20)
    left = send(store, CLOCK.now_ms(), queue=SLOW)
    after = send(store, CLOCK.now_ms(), queue=late)
    wait_until(lambda: deliveries.of(after), "the new queue is served", 20)
    assert deliveries.of(left) == []
    assert counts(store, CLOCK.now_ms(), SLOW) == (1, 0, 0)


def test_a_sync_that_is_asked_for_is_answered(serving: Serving) -> None:
    store = serving.store
    store.deployment.replace_snapshot(Snapshot(1, ACCOUNT, "us-east-1"))
    with closing(store.signals.listen(timeout_seconds=10, wakes=False)) as heard:
        assert next(heard) is None
        store.signals.publish(SyncAsked())
        assert next(heard) == Synced()
    snapshot = store.deployment.snapshot()
    assert snapshot
    assert len(snapshot.mappings) == 2 + len(MANY)


def test_a_sync_that_fails_says_why_and_the_old_snapshot_is_served_on(
    store_url: str, store: Store, home: Path, log: Path
) -> None:
    with LocalLambda(write_deployment(home)) as service, running_scheduler(store_url, service, log):
        wait_until_it_serves(store)
        before = store.deployment.snapshot()
        service.stop()
        with closing(store.signals.listen(timeout_seconds=20, wakes=False)) as heard:
            assert next(heard) is None
            store.signals.publish(SyncAsked())
            answer = next(heard)
        assert isinstance(answer, SyncFailed)
        assert answer.reason
        assert store.deployment.snapshot() == before


def test_term_waits_for_the_call_in_flight_and_settles_it(
    scheduler: Popen[bytes], store: Store, deliveries: Deliveries, tmp_path: Path
) -> None:
    in_flight = send(store, CLOCK.now_ms(), str(tmp_path), queue=SLOW)
    later = send(store, CLOCK.now_ms(), queue=SLOW, delay_ms=900)
    wait_until((tmp_path / "started").exists, "the call is in flight")
    scheduler.send_signal(signal.SIGTERM)
    wait_until(lambda: counts(store, CLOCK.now_ms(), SLOW) == (1, 1, 0), "the later message is due")
    assert scheduler.poll() is None, "it waits for the call"
    (tmp_path / "go").touch()
    assert scheduler.wait(10) == 0
    assert counts(store, CLOCK.now_ms(), SLOW) == (1, 0, 0)
    assert len(deliveries.of(in_flight)) == 1
    assert deliveries.of(later) == [], "nothing is claimed after TERM"
    assert store.deployment.last_sweeps() == {}, "it said goodbye"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_scheduler_ends_at_once_and_in_silence(
    scheduler: Popen[bytes], store: Store, log: Path, number: signal.Signals
) -> None:
    scheduler.send_signal(number)
    scheduler.send_signal(number)
    assert scheduler.wait(5) == 0
    assert "Traceback" not in log.read_text()
    assert store.deployment.last_sweeps() == {}


def test_a_scheduler_killed_in_mid_call_is_replaced_and_its_message_comes_again_after_its_lease(
    scheduler: Popen[bytes],
    store: Store,
    store_url: str,
    service: LocalLambda,
    deliveries: Deliveries,
    tmp_path: Path,
) -> None:
    before_ms = CLOCK.now_ms()
    message_id = send(store, before_ms, str(tmp_path), queue=QUICK)
    wait_until((tmp_path / "started").exists, "the call is in flight")
    scheduler.kill()
    scheduler.wait(10)
    (tmp_path / "go").touch()
    wait_until(lambda: deliveries.of(message_id), "the first call ended")
    with running_scheduler(store_url, service, tmp_path / "second.log"):
        wait_until(lambda: len(deliveries.of(message_id)) == 2, "the message came again", 20)
        wait_until_gone(store, QUICK)
    second = deliveries.of(message_id)[1]
    assert second.received_at_ms >= before_ms + QUICK_TIMEOUT_SECONDS * 1000 + CALL_MARGIN_MS
    assert second.log == "2\n"


def test_a_lost_nudge_is_repaired_by_the_next_sweep(
    store_url: str, store: Store, service: LocalLambda, raw: redis.Redis, deliveries: Deliveries, log: Path
) -> None:
    with running_scheduler(store_url, service, log, sweep_seconds=1):
        wait_until_it_serves(store)
        now_ms = CLOCK.now_ms()
        message_ids = [put_behind_its_back(raw, queue, now_ms) for queue in (QUICK, SLOW)]
        wait_until(lambda: all(deliveries.of(message_id) for message_id in message_ids), "both are delivered", 20)


def test_a_nonsense_signal_does_not_make_it_deaf(serving: Serving, deliveries: Deliveries) -> None:
    serving.raw.publish(keys.WAKES, "nonsense")
    serving.raw.publish(keys.CONTROL, "nonsense")
    message_id = send(serving.store, CLOCK.now_ms(), queue=SLOW)
    wait_until(lambda: deliveries.of(message_id), "the next message is delivered", 20)
    assert serving.process.poll() is None


def test_what_happened_while_the_subscription_was_lost_is_found_after_it(
    serving: Serving, deliveries: Deliveries
) -> None:
    message_id = put_behind_its_back(serving.raw, SLOW, CLOCK.now_ms() + 300)
    serving.raw.client_kill_filter(_type="pubsub")
    wait_until(lambda: deliveries.of(message_id), "it is delivered", 20)
    assert serving.process.poll() is None


def test_a_store_killed_and_started_again_finds_every_queue_armed_anew(
    home: Path, service: LocalLambda, deliveries: Deliveries, log: Path
) -> None:
    with DurableStore(home) as durable:
        store = Store.open(durable.url, max_connections=1)
        with running_scheduler(durable.url, service, log) as scheduler:
            wait_until_it_serves(store)
            now_ms = CLOCK.now_ms()
            armed = send(store, now_ms, queue=SLOW, delay_ms=2_000)
            scheduler.send_signal(signal.SIGSTOP)
            durable.kill()
            durable.start()
            with closing(redis.Redis.from_url(durable.url)) as raw:
                unknown = put_behind_its_back(raw, QUICK, now_ms + 1_000)
            scheduler.send_signal(signal.SIGCONT)
            wait_until(lambda: deliveries.of(armed) and deliveries.of(unknown), "both are delivered", 20)
            after = send(store, CLOCK.now_ms(), queue=SLOW)
            wait_until(lambda: deliveries.of(after), "nudges are heard again", 20)
            wait_until_gone(store, SLOW)
        assert deliveries.of(armed)[0].received_at_ms >= now_ms + 2_000
        assert deliveries.of(unknown)[0].received_at_ms >= now_ms + 1_000


def test_a_scheduler_that_meets_a_store_still_loading_serves_it_once_it_has_loaded(
    home: Path, service: LocalLambda, deliveries: Deliveries, log: Path
) -> None:
    with running_store(home) as url:
        store = Store.open(url, max_connections=1)
        with running_scheduler(url, service, log):
            wait_until_it_serves(store)
        message_id = send(store, CLOCK.now_ms(), queue=SLOW)
        with closing(redis.Redis.from_url(url)) as raw:
            raw.mset({f"filler-{number}": "x" * 100 for number in range(4_000)})
            raw.save()
    slowly = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]
    with started_store(home, *slowly), running_scheduler(url, service, log):
        wait_until(lambda: deliveries.of(message_id), "what waited is delivered", 30)
    assert "loading" in log.read_text().lower()


def test_an_idle_scheduler_costs_one_command_for_each_sweep_whatever_the_number_of_queues(
    store_url: str, store: Store, service: LocalLambda, log: Path
) -> None:
    sweeps = 7  # longer than the timeout of a command: silence must not end a subscription
    sync_with(store, service)
    with running_scheduler(store_url, service, log, sweep_seconds=1):
        wait_until_it_serves(store)
        with monitored(store_url) as commands:
            started_ms = CLOCK.now_ms()
            wait_until(lambda: len(commands()) >= sweeps, "it has swept", 20)
            took_ms = CLOCK.now_ms() - started_ms
            seen = commands()
    assert {command.split()[0] for command in seen} == {"EVALSHA"}
    assert all(command.count(":due") == 2 + len(MANY) for command in seen)
    assert len(seen) <= took_ms / 1000 + 2
