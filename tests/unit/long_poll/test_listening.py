"""How long a worker listens for nudges, and what it does when it could not."""

import gevent
import gevent.queue

from karin.store.connection import StoreUnavailable
from karin.store.signals import Nudge
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.nudges import NudgeListener
from tests.unit.long_poll.callers import LIMIT_SECONDS, Begin, Signals, let_all_run, nothing


def test_all_look_once_after_the_store_was_away(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    signals.say(StoreUnavailable("connection lost"))

    first.claiming().set(nothing())
    assert first.is_waiting()
    assert not second.is_claiming()


def test_nothing_is_remembered_of_a_queue_that_nobody_polls(waiting: Begin, polls: LongPolls) -> None:
    caller = waiting(wait_seconds=1)
    assert caller.bodies() == []

    assert polls._lines == {}


def test_listening_ends_a_while_after_the_last_who_wanted_it(signals: Signals) -> None:
    subscriptions: list[int] = []
    heard: list[Nudge] = []
    listener = NudgeListener(
        signals,  # type: ignore[arg-type]
        lambda: subscriptions.append(signals.listeners),
        heard.append,
        linger_seconds=0.1,
    )

    for _ in range(3):
        with listener.wanted(), listener.wanted():
            let_all_run()
            assert signals.listeners == 1
    assert subscriptions == [1]

    gevent.sleep(0.2)
    assert signals.listeners == 0
    with listener.wanted():
        let_all_run()
        assert subscriptions == [1, 1]
    gevent.sleep(0.2)
    assert signals.listeners == 0


def test_listening_is_tried_until_the_store_is_reachable(signals: Signals) -> None:
    subscribed = gevent.event.Event()
    heard: list[Nudge] = []
    listener = NudgeListener(signals, subscribed.set, heard.append, linger_seconds=0)  # type: ignore[arg-type]
    signals.is_reachable = False

    with listener.wanted():
        assert not subscribed.wait(0.3)
        signals.is_reachable = True
        assert subscribed.wait(LIMIT_SECONDS)
