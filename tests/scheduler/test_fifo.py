"""FIFO queues: the order of each group holds through failure, throttling and crashes, and groups go on side by side."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
import pytest

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, Responded
from karin.mapping.refusals import Refused
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, dispatcher_over, finish, mapping, run_round, snapshot
from tests.store.support import FIFO, counts, create, send
from tests.support import wait_until

CLOCK = SystemClock()
FUNCTION_ERROR = Responded(payload=b'{"errorType":"ValueError","errorMessage":"no"}', function_error="Unhandled")
THROTTLED = Refused("TooManyRequestsException", 429, "Rate Exceeded.")
VISIBILITY_MS = 30_000


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def served() -> Served:
    return serving()


def serving(batch_size: int = 10) -> Served:
    """Return what serves the FIFO queue."""
    served = Served()
    served.replace(snapshot(mapping(FIFO, batch_size=batch_size, response_types=("ReportBatchItemFailures",))))
    return served


@pytest.fixture
def dispatcher(store: Store, served: Served, recorder: Recorder, clock: ManualClock) -> Dispatcher:
    create(store, clock.now_ms(), FIFO)
    return dispatcher_over(store, served, recorder, clock)


def send_to(store: Store, now_ms: int, *bodies: str) -> None:
    """Send messages whose first letter is their group."""
    for body in bodies:
        send(store, now_ms, body, queue=FIFO, group_id=body[0], deduplication_id=body)


def failing(*bodies: str) -> "Reporting":
    """Return a function that reports these as failed."""
    return Reporting(frozenset(bodies))


class Reporting(msgspec.Struct, frozen=True):
    """A function that stops for nothing and says which messages of the batch failed."""

    bodies: frozenset[str]

    def __call__(self, call: Call) -> InvokeResult:
        """Answer with a partial batch response."""
        ids = [one for one, body in zip(call.message_ids, call.bodies, strict=True) if body in self.bodies]
        return Responded(payload=msgspec.json.encode({"batchItemFailures": [{"itemIdentifier": one} for one in ids]}))


def test_groups_share_a_batch_each_in_its_order(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1", "b1", "a2", "c1", "b2", "a3")
    assert run_round(dispatcher, FIFO) is None
    (call,) = recorder.calls
    assert sorted(call.bodies) == ["a1", "a2", "a3", "b1", "b2", "c1"]
    for name in "abc":
        assert [body for body in call.bodies if body[0] == name] == sorted(
            body for body in call.bodies if body[0] == name
        )
    assert call.groups == tuple(body[0] for body in call.bodies)
    assert counts(store, clock.now_ms(), FIFO) == (0, 0, 0)


def test_a_group_in_flight_waits_while_others_are_delivered(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1")
    first, _ = dispatcher.claim(FIFO)
    assert first
    send_to(store, clock.now_ms(), "a2", "b1")
    run_round(dispatcher, FIFO)
    assert recorder.bodies == ["b1"]
    assert dispatcher.claim(FIFO) == (None, clock.now_ms() + VISIBILITY_MS)
    assert finish(dispatcher, first) == clock.now_ms(), "the group is due again at once"
    run_round(dispatcher, FIFO)
    assert recorder.bodies == ["b1", "a1", "a2"]


def test_a_failed_batch_comes_again_in_its_order_before_what_was_sent_meanwhile(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1", "a2", "a3")
    claimed_at_ms = clock.now_ms()
    recorder.behaviour = lambda _: FUNCTION_ERROR
    assert run_round(dispatcher, FIFO) == claimed_at_ms + VISIBILITY_MS
    send_to(store, clock.now_ms(), "a4")
    recorder.behaviour = lambda _: Responded()
    clock.advance(ms=VISIBILITY_MS - 1)
    assert run_round(dispatcher, FIFO) == claimed_at_ms + VISIBILITY_MS
    clock.advance(ms=1)
    run_round(dispatcher, FIFO)
    assert [call.bodies for call in recorder.calls] == [("a1", "a2", "a3"), ("a1", "a2", "a3", "a4")]
    assert [call.receive_counts for call in recorder.calls] == [(1, 1, 1), (2, 2, 2, 1)]


def test_a_throttled_batch_comes_again_in_its_order_without_counting(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1", "a2", "b1")
    recorder.behaviour = lambda _: THROTTLED
    due_at_ms = run_round(dispatcher, FIFO)
    assert due_at_ms
    assert due_at_ms > clock.now_ms()
    send_to(store, clock.now_ms(), "a3", "c1")
    recorder.behaviour = lambda _: Responded()
    assert run_round(dispatcher, FIFO) == due_at_ms
    assert len(recorder.calls) == 1, "nothing is called while AWS is given a pause, not even with another group"
    clock.advance(ms=due_at_ms - clock.now_ms())
    assert run_round(dispatcher, FIFO) is None
    again = recorder.calls[1]
    assert [body for body in again.bodies if body[0] == "a"] == ["a1", "a2", "a3"]
    assert set(again.receive_counts) == {1}


def test_a_group_stops_at_the_messages_that_failed_and_other_groups_do_not(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1", "a2", "a3", "b1")
    recorder.behaviour = failing("a2", "a3")
    assert run_round(dispatcher, FIFO) == clock.now_ms() + VISIBILITY_MS
    assert counts(store, clock.now_ms(), FIFO) == (0, 2, 0)
    send_to(store, clock.now_ms(), "a4", "b2")
    recorder.behaviour = failing()
    run_round(dispatcher, FIFO)
    assert recorder.calls[1].bodies == ("b2",)
    clock.advance(ms=VISIBILITY_MS)
    run_round(dispatcher, FIFO)
    assert recorder.calls[2].bodies == ("a2", "a3", "a4")


def test_what_is_not_reported_as_failed_is_done_even_behind_a_failure(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_to(store, clock.now_ms(), "a1", "a2", "a3")
    recorder.behaviour = failing("a2")
    run_round(dispatcher, FIFO)
    recorder.behaviour = failing()
    clock.advance(ms=VISIBILITY_MS)
    run_round(dispatcher, FIFO)
    assert [call.bodies for call in recorder.calls] == [("a1", "a2", "a3"), ("a2",)]


def test_a_success_that_comes_after_its_lease_leaves_the_message_to_whoever_holds_it(
    dispatcher: Dispatcher, store: Store, clock: ManualClock
) -> None:
    send_to(store, clock.now_ms(), "a1", "a2")
    late, leased_until_ms = dispatcher.claim(FIFO)
    assert late
    assert leased_until_ms
    clock.advance(ms=leased_until_ms - clock.now_ms())
    current, _ = dispatcher.claim(FIFO)
    assert current
    finish(dispatcher, late)
    assert counts(store, clock.now_ms(), FIFO) == (0, 2, 0), "else a3 could be delivered while a1 still is"
    assert finish(dispatcher, current) is None
    assert counts(store, clock.now_ms(), FIFO) == (0, 0, 0)


def test_a_queues_delay_holds_back_a_group_and_not_its_retries(
    store: Store, clock: ManualClock, served: Served, recorder: Recorder
) -> None:
    create(store, clock.now_ms(), FIFO, DelaySeconds=60, VisibilityTimeout=1)
    dispatcher = dispatcher_over(store, served, recorder, clock)
    send_to(store, clock.now_ms(), "a1", "a2")
    assert run_round(dispatcher, FIFO) == clock.now_ms() + 60_000
    clock.advance(seconds=60)
    recorder.behaviour = lambda _: FUNCTION_ERROR
    assert run_round(dispatcher, FIFO) == clock.now_ms() + 1_000
    clock.advance(seconds=1)
    recorder.behaviour = lambda _: Responded()
    assert run_round(dispatcher, FIFO) is None
    assert [call.bodies for call in recorder.calls] == [("a1", "a2"), ("a1", "a2")]


class Groups:
    """A function of many groups: notes which are in flight, and fails or is refused for some messages at first."""

    def __init__(self, trouble: dict[str, InvokeResult]) -> None:
        self._trouble = trouble
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()
        self.most_groups = 0
        self.overlaps: list[str] = []
        self.done: defaultdict[str, list[str]] = defaultdict(list)

    def __call__(self, call: Call) -> InvokeResult:
        """Handle a batch."""
        groups = {body[0] for body in call.bodies}
        with self._lock:
            self.overlaps += [name for name in groups if self._in_flight[name]]
            self._in_flight.update(groups)
            self.most_groups = max(self.most_groups, self._in_flight.total())
            troubles = [self._trouble.pop(body) for body in call.bodies if body in self._trouble]
        threading.Event().wait(0.002)
        with self._lock:
            self._in_flight.subtract(groups)
            if not troubles:
                for body in call.bodies:
                    self.done[body[0]].append(body)
        return troubles[0] if troubles else Responded()


@pytest.mark.parametrize("batch_size", [1, 10])
def test_order_holds_over_hundreds_of_messages_and_several_schedulers(
    store: Store, store_url: str, batch_size: int
) -> None:
    create(store, CLOCK.now_ms(), FIFO, VisibilityTimeout=1)
    names, each = "abcdefghijkl", 30
    expected = {name: [f"{name}{number:02}" for number in range(each)] for name in names}
    for number in range(each):
        send_to(store, CLOCK.now_ms(), *(expected[name][number] for name in names))
    functions = Groups({"a00": FUNCTION_ERROR, "b07": THROTTLED, "c15": FUNCTION_ERROR, "l29": THROTTLED})
    recorder = Recorder(functions)
    with ExitStack() as stack:
        for _ in range(3):
            own = Store.open(store_url, max_connections=2)
            rounds = Rounds(dispatcher_over(own, serving(batch_size), recorder, CLOCK), 4)
            rounds.wakes.start()
            stack.callback(rounds.stop, 10)
            rounds.wakes.nudge(FIFO, CLOCK.now_ms())
        wait_until(lambda: counts(store, CLOCK.now_ms(), FIFO) == (0, 0, 0), "all are handled", 60)
    assert functions.overlaps == [], "never two batches of a group at once"
    assert functions.done == expected
    assert functions.most_groups > 1


class Gate:
    """Holds calls until the test lets them go."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self._open = threading.Event()

    def __call__(self, call: Call) -> InvokeResult:
        """Hold a call."""
        self.held += call.bodies
        assert self._open.wait(30)
        return Responded()

    def open(self) -> None:
        """Let go those that are held and all that come."""
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def test_groups_are_called_for_side_by_side_and_each_for_one_batch(store: Store, gate: Gate) -> None:
    create(store, CLOCK.now_ms(), FIFO)
    send_to(store, CLOCK.now_ms(), "a1", "a2", "b1", "b2", "c1", "c2")
    recorder = Recorder(gate)
    rounds = Rounds(dispatcher_over(store, serving(batch_size=1), recorder, CLOCK), 8)
    rounds.wakes.start()
    rounds.wakes.nudge(FIFO, CLOCK.now_ms())
    wait_until(lambda: len(gate.held) == 3, "three groups are in flight")
    wait_until(lambda: rounds.wakes.armed()[FIFO] > CLOCK.now_ms(), "nothing is due before a lease ends")
    assert sorted(gate.held) == ["a1", "b1", "c1"]
    gate.open()
    wait_until(lambda: counts(store, CLOCK.now_ms(), FIFO) == (0, 0, 0), "all are handled")
    rounds.stop(10)
    assert sorted(recorder.bodies[3:]) == ["a2", "b2", "c2"]
