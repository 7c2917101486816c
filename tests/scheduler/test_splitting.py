"""Claims that are larger than an event: every call is within Lambda's limit, nothing is lost, and groups keep order."""

import random

import pytest

from karin.mapping.batching import MOST_EVENT_BYTES
from karin.mapping.outcome import InvokeResult, Responded
from karin.mapping.payload import Payload
from karin.scheduler import claiming
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Recorder, dispatcher_over, finish, mapping, run_round, snapshot
from tests.store.support import FIFO, QUEUE, counts, create, send

VISIBILITY_MS = 30_000


class Measuring(Recorder):
    """Notes how long each event is."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Measure, then call."""
        self.sizes.append(payload.size)
        return super().invoke(function_arn, payload, timeout_seconds)


@pytest.fixture(autouse=True)
def ample_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one thread hold several large flights, which in the scheduler have a thread each."""
    monkeypatch.setattr(claiming, "MOST_LOADING_BYTES", 1 << 40)


@pytest.fixture
def recorder() -> Measuring:
    return Measuring()


def body(name: str, megabytes: float) -> str:
    """Return a body that is twice as long as JSON, and says its name."""
    return name + '"' * int(megabytes * 1_000_000)


def names(recorder: Recorder) -> list[list[str]]:
    """Return the names of the bodies in each call."""
    return [[text.partition('"')[0] for text in call.bodies] for call in recorder.calls]


def serve_fifo(store: Store, clock: ManualClock, served: Served, recorder: Recorder) -> Dispatcher:
    """Return a dispatcher for a FIFO queue."""
    create(store, clock.now_ms(), FIFO)
    served.replace(snapshot(mapping(FIFO)))
    return dispatcher_over(store, served, recorder, clock)


def send_to(store: Store, clock: ManualClock, *texts: str, queue: QueueId = FIFO, megabytes: float = 1.0) -> None:
    """Send messages to the group that their first letter names."""
    for text in texts:
        send(store, clock.now_ms(), body(text, megabytes), queue=queue, group_id=text[0], deduplication_id=text)


def test_what_has_no_room_is_claimed_by_another_while_the_first_call_runs(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Measuring
) -> None:
    for number in range(5):
        send(store, clock.now_ms() + number, body(str(number), 1.0))
    clock.advance(ms=5)
    first, next_due_at_ms = dispatcher.claim(QUEUE)
    assert next_due_at_ms == clock.now_ms()
    second, _ = dispatcher.claim(QUEUE)
    assert first
    assert second
    assert counts(store, clock.now_ms()) == (0, 5, 0)
    for flight in (second, first):
        finish(dispatcher, flight)
    assert [sorted(call) for call in names(recorder)] == [["3", "4"], ["0", "1", "2"]]
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_the_rest_of_a_fifo_group_waits_for_the_first_part_and_other_groups_do_not(
    store: Store, clock: ManualClock, served: Served, recorder: Measuring
) -> None:
    dispatcher = serve_fifo(store, clock, served, recorder)
    send_to(store, clock, "a1", "a2", "a3", "a4")
    send_to(store, clock, "b1", megabytes=0.1)
    first, _ = dispatcher.claim(FIFO)
    assert first
    other, _ = dispatcher.claim(FIFO)
    assert other
    assert dispatcher.claim(FIFO)[0] is None
    finish(dispatcher, other)
    finish(dispatcher, first)
    run_round(dispatcher, FIFO)
    assert names(recorder) == [["b1"], ["a1", "a2", "a3"], ["a4"]]
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}


def test_when_the_first_part_of_a_group_fails_the_rest_comes_again_behind_it_uncounted(
    store: Store, clock: ManualClock, served: Served, recorder: Measuring
) -> None:
    dispatcher = serve_fifo(store, clock, served, recorder)
    send_to(store, clock, "a1", "a2", "a3", "a4")
    recorder.behaviour = lambda _: Responded(function_error="Unhandled")
    assert run_round(dispatcher, FIFO) == clock.now_ms() + VISIBILITY_MS
    assert run_round(dispatcher, FIFO) == clock.now_ms() + VISIBILITY_MS
    recorder.behaviour = lambda _: Responded()
    clock.advance(ms=VISIBILITY_MS)
    run_round(dispatcher, FIFO)
    run_round(dispatcher, FIFO)
    assert names(recorder) == [["a1", "a2", "a3"], ["a1", "a2", "a3"], ["a4"]]
    assert [call.receive_counts for call in recorder.calls] == [(1, 1, 1), (2, 2, 2), (1,)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("queue", [QUEUE, FIFO], ids=["standard", "fifo"])
def test_whatever_is_sent_arrives_within_the_limit_once_and_in_order(
    store: Store, clock: ManualClock, served: Served, recorder: Measuring, queue: QueueId, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    create(store, clock.now_ms(), queue)
    served.replace(snapshot(mapping(queue, batch_size=10)))
    dispatcher = dispatcher_over(store, served, recorder, clock)
    sent = [f"{chance.choice('abc')}{number}" for number in range(25)]
    for name in sent:
        send_to(store, clock, name, queue=queue, megabytes=chance.choice([0.0001, 0.2, 0.9, 1.0]))
        clock.advance(ms=1)
    waiting = []
    while counts(store, clock.now_ms(), queue) != (0, 0, 0):
        flight, _ = dispatcher.claim(queue)
        if flight:
            waiting.append(flight)
        if waiting and (flight is None or chance.random() < 0.5):
            finish(dispatcher, waiting.pop(chance.randrange(len(waiting))))
        clock.advance(ms=1)
    assert max(recorder.sizes) <= MOST_EVENT_BYTES
    arrived = [name for call in names(recorder) for name in call]
    assert sorted(arrived) == sorted(sent)
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}
    if queue.is_fifo:
        for group in "abc":
            assert [name for name in arrived if name[0] == group] == [name for name in sent if name[0] == group]
