"""One round of delivery: what each kind of answer means for the messages, over a real store with time in hand."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from karin.mapping.outcome import InvokeResult, Responded, Unknown
from karin.mapping.refusals import Refused
from karin.scheduler.brakes import FIRST_PAUSE_MS, LONGEST_PAUSE_MS
from karin.scheduler.claiming import MOST_CLAIM_BYTES
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.leases import LEASE_MS
from karin.scheduler.served import CALL_MARGIN_MS, Served
from karin.sqs.errors import QueueDoesNotExist
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, dispatcher_over, finish, mapping, run_round, snapshot
from tests.store.support import OTHER, QUEUE, counts, create, send

THROTTLED = Refused("TooManyRequestsException", 429, "Rate Exceeded.")
FUNCTION_ERROR = Responded(payload=b'{"errorType":"ValueError","errorMessage":"no"}', function_error="Unhandled")


@pytest.fixture
def served() -> Served:
    served = Served()
    served.replace(snapshot(mapping(QUEUE, batch_size=3, response_types=("ReportBatchItemFailures",))))
    return served


@pytest.fixture
def dispatcher(store: Store, served: Served, recorder: Recorder, clock: ManualClock) -> Dispatcher:
    create(store, clock.now_ms(), VisibilityTimeout=30, MessageRetentionPeriod=600)
    return dispatcher_over(store, served, recorder, clock)


def test_a_success_deletes_the_batch(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for number in range(3):
        send(store, clock.now_ms() + number, str(number))
    clock.advance(ms=5)
    assert run_round(dispatcher) is None
    assert recorder.bodies == ["0", "1", "2"]
    assert recorder.calls[0].timeout_seconds == 3
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_nothing_is_called_before_a_message_is_due(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    due_at_ms = clock.now_ms() + 5_000
    send(store, clock.now_ms(), delay_ms=5_000)
    clock.advance(ms=4_999)
    assert run_round(dispatcher) == due_at_ms
    assert recorder.calls == []
    clock.advance(ms=1)
    assert run_round(dispatcher) is None
    assert recorder.bodies == ["hello"]


def test_a_batch_is_no_larger_than_the_mapping_says(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for _ in range(7):
        send(store, clock.now_ms())
    assert run_round(dispatcher) == clock.now_ms()
    assert run_round(dispatcher) == clock.now_ms()
    assert run_round(dispatcher) is None
    assert [len(call.bodies) for call in recorder.calls] == [3, 3, 1]


def test_a_batch_fits_into_what_lambda_takes(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=10)))
    for _ in range(7):
        send(store, clock.now_ms(), "x" * 1_000_000)
    run_round(dispatcher)
    run_round(dispatcher)
    assert [len(call.bodies) for call in recorder.calls] == [MOST_CLAIM_BYTES // 1_000_000, 2]


def test_a_function_error_leaves_messages_until_the_visibility_timeout_since_the_claim(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    claimed_at_ms = clock.now_ms()

    def fail_after_two_seconds(_: Call) -> InvokeResult:
        clock.advance(seconds=2)
        return FUNCTION_ERROR

    recorder.behaviour = fail_after_two_seconds
    assert run_round(dispatcher) == claimed_at_ms + 30_000
    assert counts(store, clock.now_ms()) == (0, 1, 0)
    clock.advance(ms=27_999)
    assert run_round(dispatcher) == claimed_at_ms + 30_000
    clock.advance(ms=1)
    run_round(dispatcher)
    assert [call.receive_counts for call in recorder.calls] == [(1,), (2,)]


def test_a_short_visibility_timeout_holds_although_the_lease_was_longer(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    store.queues.set_attributes(QUEUE, clock.now_ms(), {"VisibilityTimeout": "1"})
    served.replace(snapshot(mapping(QUEUE), timeout_seconds=60))
    send(store, clock.now_ms())
    claimed_at_ms = clock.now_ms()
    recorder.behaviour = lambda _: FUNCTION_ERROR
    batch, leased_until_ms = dispatcher.claim(QUEUE)
    assert leased_until_ms == claimed_at_ms + LEASE_MS
    assert batch
    assert finish(dispatcher, batch) == claimed_at_ms + 1_000


def test_after_a_lost_answer_a_message_waits_until_the_function_has_surely_ended(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    store.queues.set_attributes(QUEUE, clock.now_ms(), {"VisibilityTimeout": "1"})
    served.replace(snapshot(mapping(QUEUE), timeout_seconds=60))
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: Unknown("ReadTimeoutError", "no answer")
    assert run_round(dispatcher) == clock.now_ms() + 60_000 + CALL_MARGIN_MS


def test_only_the_reported_items_of_a_batch_come_again(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for number in range(3):
        send(store, clock.now_ms() + number, str(number))
    clock.advance(ms=5)

    def report_the_second(call: Call) -> InvokeResult:
        return Responded(payload=msgspec.json.encode({"batchItemFailures": [{"itemIdentifier": call.message_ids[1]}]}))

    recorder.behaviour = report_the_second
    assert run_round(dispatcher) == clock.now_ms() + 30_000
    assert counts(store, clock.now_ms()) == (0, 1, 0)
    recorder.behaviour = lambda _: Responded()
    clock.advance(seconds=30)
    run_round(dispatcher)
    assert (recorder.calls[1].bodies, recorder.calls[1].receive_counts) == (("1",), (2,))


def test_a_throttled_call_gives_back_without_counting(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: THROTTLED
    for _ in range(20):
        due_at_ms = run_round(dispatcher)
        assert due_at_ms is not None
        assert counts(store, clock.now_ms()) == (0, 0, 1)
        clock.advance(ms=due_at_ms - clock.now_ms())
        store.queues.set_attributes(QUEUE, clock.now_ms(), {"MessageRetentionPeriod": "1209600"})
    recorder.behaviour = lambda _: Responded()
    run_round(dispatcher)
    assert {call.receive_counts for call in recorder.calls} == {(1,)}
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_the_pause_after_refusals_grows_to_a_limit_and_ends_with_a_success(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    store.queues.set_attributes(QUEUE, clock.now_ms(), {"MessageRetentionPeriod": "1209600"})

    def pauses(number: int) -> list[int]:
        found: list[int] = []
        for _ in range(number):
            due_at_ms = run_round(dispatcher)
            assert due_at_ms is not None
            found.append(due_at_ms - clock.now_ms())
            clock.advance(ms=found[-1])
        return found

    send(store, clock.now_ms())
    recorder.behaviour = lambda _: THROTTLED
    longest = [min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2**number) for number in range(1, 13)]
    for pause_ms, longest_ms in zip(pauses(12), longest, strict=True):
        assert longest_ms // 2 <= pause_ms <= longest_ms
    recorder.behaviour = lambda _: Responded()
    run_round(dispatcher)
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: THROTTLED
    assert pauses(1)[0] <= longest[0]


def test_what_may_have_run_counts_as_a_try(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for result in (Refused("ServiceException", 500, "no"), Unknown("ReadTimeoutError", "no answer")):
        send(store, clock.now_ms())
        recorder.calls.clear()
        recorder.behaviour = lambda _, result=result: result  # type: ignore[misc]
        assert run_round(dispatcher) == clock.now_ms() + 30_000
        recorder.behaviour = lambda _: Responded()
        clock.advance(seconds=30)
        assert run_round(dispatcher) is None
        assert [call.receive_counts for call in recorder.calls] == [(1,), (2,)]


def test_several_mappings_take_turns_and_each_message_goes_to_one(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, "a", batch_size=1), mapping(QUEUE, "b", batch_size=1)))
    ids = {send(store, clock.now_ms()) for _ in range(4)}
    for _ in range(4):
        run_round(dispatcher)
    assert [call.function for call in recorder.calls] == ["a", "b", "a", "b"]
    assert {message_id for call in recorder.calls for message_id in call.message_ids} == ids


def test_a_message_beyond_its_retention_is_not_delivered(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms(), "old")
    clock.advance(seconds=600)
    send(store, clock.now_ms(), "new")
    assert run_round(dispatcher) is None
    assert recorder.bodies == ["new"]


def test_what_was_claimed_before_a_crash_comes_again_when_its_lease_ends(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    send(store, clock.now_ms())
    batch, leased_until_ms = dispatcher.claim(QUEUE)
    assert batch
    assert leased_until_ms == clock.now_ms() + 30_000
    other = dispatcher_over(store, served, recorder, clock)  # the first one crashed
    clock.advance(ms=29_999)
    assert run_round(other) == leased_until_ms
    clock.advance(ms=1)
    run_round(other)
    assert [call.receive_counts for call in recorder.calls] == [(2,)]


def test_a_queue_that_is_not_served_or_does_not_exist_is_not_called(
    dispatcher: Dispatcher, served: Served, recorder: Recorder
) -> None:
    assert dispatcher.claim(OTHER) == (None, None)
    served.replace(snapshot(mapping(OTHER)))
    with pytest.raises(QueueDoesNotExist):
        dispatcher.claim(OTHER)
    assert recorder.calls == []


def test_two_dispatchers_never_deliver_a_message_twice(
    store_url: str, dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served
) -> None:
    total, threads = 300, 4
    sent = {send(store, clock.now_ms(), str(number)) for number in range(total)}
    recorders = [Recorder(), Recorder()]
    dispatchers = [
        dispatcher_over(Store.open(store_url, max_connections=2), served, recorder, clock) for recorder in recorders
    ]
    barrier = threading.Barrier(threads)

    def work(number: int) -> None:
        barrier.wait()
        while run_round(dispatchers[number % 2]) == clock.now_ms():
            pass

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    run_round(dispatchers[0])
    delivered = [message_id for one in recorders for call in one.calls for message_id in call.message_ids]
    assert len(delivered) == total
    assert set(delivered) == sent
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def send_backlog(store: Store, clock: ManualClock) -> None:
    """Send 200 messages of group ``a``, a millisecond apart."""
    for number in range(200):
        send(store, clock.now_ms() + number, f"a{number}", group_id="a")
    clock.advance(ms=200)


def run_all_that_is_due(dispatcher: Dispatcher, clock: ManualClock) -> None:
    """Run rounds, a millisecond apart, until nothing is due."""
    due_at_ms: int | None = clock.now_ms()
    while due_at_ms is not None and due_at_ms <= clock.now_ms():
        due_at_ms = run_round(dispatcher)
        clock.advance(ms=1)


def test_a_group_with_a_few_messages_does_not_wait_for_the_backlog_of_another(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_backlog(store, clock)
    for number in range(5):
        send(store, clock.now_ms() + number, f"b{number}", group_id="b")
    clock.advance(ms=5)
    run_all_that_is_due(dispatcher, clock)
    assert len(recorder.bodies) == 205
    places = [recorder.bodies.index(f"b{number}") for number in range(5)]
    assert places == sorted(places)
    assert places[-1] < 20, "one of a for each of b, as long as there are both"
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_messages_without_a_group_do_not_wait_for_the_backlog_of_one(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send_backlog(store, clock)
    for number in range(5):
        send(store, clock.now_ms() + number, str(number))
    clock.advance(ms=5)
    run_all_that_is_due(dispatcher, clock)
    assert len(recorder.bodies) == 205
    assert recorder.bodies.index("4") < 20
