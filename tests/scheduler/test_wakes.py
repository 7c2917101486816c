"""Wakes: one timer per queue, moved by nudges and by the truth, never later because of old news, and never lost."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, tzinfo

import apscheduler.schedulers.base
import pytest

from karin.clock import SystemClock
from karin.scheduler.wakes import FAR_MS as FROM_FAR_MS
from karin.scheduler.wakes import Wakes
from karin.sqs.names import QueueId
from tests.store.support import ACCOUNT, OTHER, QUEUE
from tests.support import wait_until

FAR_MS = 60_000
JOIN_SECONDS = 10


class Fired:
    """Collects wakes and the instants at which they came."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.wakes: list[tuple[QueueId, int]] = []

    def __call__(self, queue: QueueId, _: int) -> None:
        self.wakes.append((queue, self.clock.now_ms()))

    def of(self, queue: QueueId) -> list[int]:
        return [at_ms for one, at_ms in self.wakes if one == queue]


@pytest.fixture
def fired() -> Fired:
    return Fired()


@pytest.fixture
def wakes(fired: Fired) -> Iterator[Wakes]:
    made = Wakes(fired)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def now_ms() -> int:
    return SystemClock().now_ms()


def test_nothing_is_armed_at_first(wakes: Wakes) -> None:
    assert wakes.armed() == {}
    assert wakes.news(QUEUE) == 0


def test_a_nudge_arms_and_an_earlier_one_moves_it(wakes: Wakes, now_ms: int) -> None:
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    wakes.nudge(QUEUE, now_ms + FAR_MS + 1)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}
    wakes.nudge(QUEUE, now_ms + FAR_MS - 1)
    wakes.nudge(OTHER, now_ms + 2 * FAR_MS)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS - 1, OTHER: now_ms + 2 * FAR_MS}


def test_current_news_moves_a_wake_either_way_and_disarms_it(wakes: Wakes, now_ms: int) -> None:
    for due_at_ms in (now_ms + FAR_MS, now_ms + 2 * FAR_MS, now_ms + FAR_MS // 2):
        wakes.learn(QUEUE, due_at_ms, wakes.news(QUEUE))
        assert wakes.armed() == {QUEUE: due_at_ms}
    wakes.learn(QUEUE, None, wakes.news(QUEUE))
    assert wakes.armed() == {}
    wakes.learn(QUEUE, None, wakes.news(QUEUE))
    assert wakes.armed() == {}


def test_old_news_only_moves_a_wake_earlier(wakes: Wakes, now_ms: int) -> None:
    old = wakes.news(QUEUE)
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    wakes.learn(QUEUE, now_ms + 2 * FAR_MS, old)
    wakes.learn(QUEUE, None, old)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}
    wakes.learn(QUEUE, now_ms + FAR_MS // 2, old)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS // 2}


def test_old_news_arms_a_queue_that_is_not_armed(wakes: Wakes, now_ms: int) -> None:
    old = wakes.news(QUEUE)
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    wakes.forget(QUEUE)
    wakes.learn(QUEUE, now_ms + 2 * FAR_MS, old)
    assert wakes.armed() == {QUEUE: now_ms + 2 * FAR_MS}


@pytest.mark.parametrize("reply_ms", [None, 10 * FAR_MS])
def test_a_reply_from_before_a_later_nudge_does_not_hide_it(wakes: Wakes, now_ms: int, reply_ms: int | None) -> None:
    wakes.nudge(QUEUE, now_ms + FAR_MS)  # the end of a lease
    before = wakes.news(QUEUE)  # the message is deleted now; then one due later is sent, and its nudge is quicker
    wakes.nudge(QUEUE, now_ms + 2 * FAR_MS)
    wakes.learn(QUEUE, None if reply_ms is None else now_ms + reply_ms, before)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}, "a wake that finds nothing learns the truth"


def test_a_reply_that_changes_nothing_makes_an_older_one_old(wakes: Wakes, now_ms: int) -> None:
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    first = second = wakes.news(QUEUE)
    wakes.learn(QUEUE, now_ms + FAR_MS, first)
    wakes.learn(QUEUE, None, second)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}


def test_a_forgotten_queue_does_not_wake(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    wakes.nudge(QUEUE, now_ms + 150)
    wakes.nudge(OTHER, now_ms + 200)
    wakes.forget(QUEUE)
    wakes.forget(QUEUE)
    wait_until(lambda: fired.of(OTHER), "the other queue wakes")
    assert fired.of(QUEUE) == []


def test_a_queue_wakes_at_its_instant_and_not_before(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    for number in range(20):
        wakes.nudge(QueueId(ACCOUNT, f"q{number}"), now_ms + 100 + 13 * number)
    wait_until(lambda: len(fired.wakes) == 20, "all have woken")
    assert [queue.name for queue, _ in fired.wakes] == [f"q{number}" for number in range(20)]
    for number, (_, at_ms) in enumerate(fired.wakes):
        assert at_ms >= now_ms + 100 + 13 * number
    assert wakes.armed() == {}


def test_an_instant_that_has_passed_wakes_at_once_however_long_ago(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    wakes.nudge(QUEUE, now_ms - 40_000_000)
    wakes.nudge(OTHER, now_ms)
    wait_until(lambda: {queue for queue, _ in fired.wakes} == {QUEUE, OTHER}, "both wake")
    assert len(fired.wakes) == 2


def test_a_wake_that_is_moved_fires_once(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    for due_ms in (500, 400, 300, 200):
        wakes.nudge(QUEUE, now_ms + due_ms)
    wakes.nudge(OTHER, now_ms + 600)
    wait_until(lambda: fired.of(OTHER), "the other queue wakes")
    assert len(fired.of(QUEUE)) == 1
    assert fired.of(QUEUE)[0] >= now_ms + 200


@pytest.mark.parametrize("in_ms", [0, 100])
def test_a_wake_makes_what_was_asked_before_it_old(wakes: Wakes, fired: Fired, now_ms: int, in_ms: int) -> None:
    asked_first = wakes.news(QUEUE)
    wakes.nudge(QUEUE, now_ms + in_ms)
    assert wakes.news(QUEUE) > asked_first
    if not in_ms:
        return
    before = wakes.news(QUEUE)
    wait_until(lambda: fired.wakes, "the queue wakes")
    assert wakes.news(QUEUE) > before
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}


def test_what_is_due_wakes_at_once_in_the_place_of_its_timer_and_where_the_caller_wants(
    wakes: Wakes, fired: Fired, now_ms: int
) -> None:
    told: list[tuple[QueueId, int]] = []
    wakes.nudge(QUEUE, now_ms + 200)
    wakes.learn(QUEUE, now_ms, wakes.news(QUEUE), lambda queue, due_at_ms: told.append((queue, due_at_ms)))
    assert told == [(QUEUE, now_ms)]
    wakes.learn(OTHER, now_ms + 300, wakes.news(OTHER), lambda *_: told.append((OTHER, 0)))
    wait_until(lambda: fired.of(OTHER), "what was not due wakes by its timer")
    assert fired.of(QUEUE) == []
    assert len(told) == 1


def test_what_is_due_is_left_to_other_schedulers_for_as_long_as_it_is_theirs(fired: Fired, now_ms: int) -> None:
    wakes = Wakes(fired, lambda _: 250)
    wakes.start()
    wakes.nudge(QUEUE, now_ms)
    assert wakes.armed() == {QUEUE: now_ms}
    wait_until(lambda: fired.wakes, "the queue wakes")
    wakes.stop()
    assert fired.of(QUEUE)[0] >= now_ms + 250


def test_what_is_due_before_the_start_wakes_after_it(fired: Fired, now_ms: int) -> None:
    wakes = Wakes(fired)
    wakes.nudge(QUEUE, now_ms)
    assert fired.wakes == []
    wakes.start()
    wait_until(lambda: fired.wakes, "the queue wakes")
    wakes.stop()


def test_what_is_far_off_has_a_timer_in_time(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    far_ms = now_ms + FROM_FAR_MS + 300
    wakes.nudge(QUEUE, far_ms)
    wakes.nudge(OTHER, far_ms + 100)
    wait_until(lambda: fired.of(QUEUE) and fired.of(OTHER), "both wake")
    assert fired.of(QUEUE)[0] >= far_ms
    assert fired.of(OTHER)[0] >= far_ms + 100
    assert len(fired.wakes) == 2
    assert wakes.armed() == {}


def test_what_was_far_off_and_is_not_any_more_wakes_once(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    far_ms = now_ms + FROM_FAR_MS + 300
    for due_at_ms in (far_ms, far_ms + FAR_MS, now_ms + 200):  # the timer is set at once for the last alone
        wakes.learn(QUEUE, due_at_ms, wakes.news(QUEUE))
    wakes.nudge(OTHER, far_ms)
    wakes.learn(OTHER, None, wakes.news(OTHER))
    last = QueueId(ACCOUNT, "last")
    wakes.nudge(last, far_ms + 100)
    wait_until(lambda: fired.of(last), "what is due last wakes")
    assert [queue for queue, _ in fired.wakes] == [QUEUE, last]


def test_a_timer_that_was_set_gives_way_to_one_that_is_farther_off(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    wakes.nudge(QUEUE, now_ms + 300)
    wakes.learn(QUEUE, now_ms + FAR_MS, wakes.news(QUEUE))
    wakes.nudge(OTHER, now_ms + 400)
    wait_until(lambda: fired.of(OTHER), "the other wakes")
    assert fired.of(QUEUE) == []
    assert wakes.armed() == {QUEUE: now_ms + FAR_MS}


def test_the_same_instant_wakes_again_when_it_is_learnt_again(wakes: Wakes, fired: Fired, now_ms: int) -> None:
    for count in (1, 2, 3):
        wakes.learn(QUEUE, now_ms, wakes.news(QUEUE))
        wait_until(lambda count=count: len(fired.wakes) == count, "the queue wakes")  # type: ignore[misc]


def test_a_queue_that_is_armed_while_it_wakes_wakes_again(now_ms: int) -> None:
    total = 200
    finished = threading.Event()
    seen: list[QueueId] = []

    def round_of(queue: QueueId) -> None:
        seen.append(queue)
        if len(seen) == total:
            finished.set()
        else:
            made.learn(queue, SystemClock().now_ms(), made.news(queue))

    with ThreadPoolExecutor(1) as pool:
        made = Wakes(lambda queue, _: (pool.submit(round_of, queue), None)[1])
        made.start()
        made.nudge(QUEUE, now_ms)
        assert finished.wait(10)
        made.stop()


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns as often as they can, so that they meet in the narrowest places."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_arming_from_many_threads_while_wakes_fire_neither_hangs_nor_loses_one() -> None:
    threads, each = 6, 150
    queues = [QueueId(ACCOUNT, f"q{number}") for number in range(threads)]
    answered = {queue: threading.Semaphore(0) for queue in queues}
    wakes = Wakes(lambda queue, _: answered[queue].release())
    wakes.start()

    def arm(queue: QueueId) -> bool:
        for number in range(each):
            news = wakes.news(queue)
            wakes.nudge(queue, SystemClock().now_ms() + number % 3)
            wakes.learn(queue, SystemClock().now_ms(), news)
            if not answered[queue].acquire(timeout=5):
                return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(arm, queues))
    wakes.stop()


def test_a_wake_that_is_due_since_the_clock_was_set_forward_fires_when_it_is_looked_at(
    wakes: Wakes, fired: Fired, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes.nudge(QUEUE, now_ms + FAR_MS)
    wakes.nudge(OTHER, now_ms + 3 * FAR_MS)
    settled = QueueId(ACCOUNT, "settled")
    wakes.nudge(settled, now_ms)
    wait_until(lambda: fired.of(settled), "APScheduler has looked, and sleeps")

    class SetForward(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "SetForward":
            return super().now(tz) + timedelta(milliseconds=2 * FAR_MS)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", SetForward)
    wakes.look_at_clock()
    wait_until(lambda: fired.of(QUEUE), "the wake has come")
    assert fired.of(OTHER) == []


def test_after_its_end_nothing_fires_and_learning_does_no_harm(fired: Fired, now_ms: int) -> None:
    wakes = Wakes(fired)
    wakes.start()
    wakes.nudge(QUEUE, now_ms + 100)
    wakes.stop()
    wakes.learn(QUEUE, now_ms, wakes.news(QUEUE))
    wakes.learn(QUEUE, None, wakes.news(QUEUE))
    wakes.nudge(OTHER, now_ms)
    threading.Event().wait(0.2)
    assert fired.wakes == []


@pytest.mark.parametrize("_again", range(10))
def test_it_can_be_stopped_in_the_middle_of_wakes(_again: int, now_ms: int) -> None:
    others = set(threading.enumerate())  # what this process shares among tests has threads as well
    made = Wakes(lambda *_: None)
    made.start()
    for number in range(300):
        made.nudge(QueueId(ACCOUNT, f"q{number}"), now_ms + number // 10)
    made.stop()  # a thread that ends in an exception fails the test
    for thread in set(threading.enumerate()) - others:
        thread.join(JOIN_SECONDS)
        assert not thread.is_alive()
