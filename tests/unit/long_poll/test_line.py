"""Lines of waiters: the orders of events that a real store brings about only by chance. Everything runs in gevent."""

import gevent
import gevent.queue

from karin.sqs.names import QueueId
from karin.store.signals import Nudge
from karin.wsgi.long_poll import LongPolls
from tests.clocks import ManualClock
from tests.unit.long_poll.callers import QUEUE, Begin, Caller, Signals, found, let_all_run, nothing, now_ms


def test_what_was_sent_before_anyone_listened_is_found(call: Begin) -> None:
    caller = call()
    caller.claiming().set(nothing())

    caller.claiming().set(found())

    assert caller.bodies() == ["hello"]


def test_a_nudge_that_overtakes_the_reply_of_the_first_look_makes_another(
    waiting: Begin, call: Begin, signals: Signals
) -> None:
    waiting().hang_up()  # nudges are heard for a while after the last wait
    caller = call()
    first_look = caller.claiming()
    signals.say(Nudge(QUEUE, now_ms()))
    let_all_run()

    first_look.set(nothing())

    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]


def test_a_nudge_that_overtakes_the_reply_of_a_look_makes_another(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    signals.say(Nudge(QUEUE, now_ms()))
    let_all_run()

    look.set(nothing())

    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]


def test_an_old_reply_does_not_postpone_what_was_learnt_since(waiting: Begin, call: Begin) -> None:
    first = waiting()
    slow, quick = call(), call()
    old_reply, new_reply = slow.claiming(), quick.claiming()
    new_reply.set(nothing(next_due_at_ms=now_ms() + 200))
    let_all_run()

    old_reply.set(nothing())

    first.claiming().set(found())
    assert first.bodies() == ["hello"]


def test_the_first_in_line_looks_when_the_queue_is_due_and_others_do_not(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    signals.say(Nudge(QUEUE, now_ms()))

    first.claiming().set(found())
    assert first.bodies() == ["hello"]
    assert not second.is_claiming()


def test_the_next_looks_when_more_is_due_already(waiting: Begin, signals: Signals) -> None:
    callers = [waiting() for _ in range(3)]
    signals.say(Nudge(QUEUE, now_ms()))

    for number, caller in enumerate(callers):
        caller.claiming().set(found(str(number), next_due_at_ms=now_ms()))

    assert [caller.bodies() for caller in callers] == [["0"], ["1"], ["2"]]


def test_who_finds_nothing_goes_back_to_its_place(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    first.claiming().set(nothing(next_due_at_ms=now_ms() + 50))

    first.claiming().set(found())

    assert first.bodies() == ["hello"]
    assert not second.is_claiming()


def test_a_later_nudge_does_not_postpone_an_earlier_wake(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    began_ms = now_ms()
    for delay_ms in (200, 100_000):
        signals.say(Nudge(QUEUE, began_ms + delay_ms))

    caller.claiming().set(found())

    assert 200 <= now_ms() - began_ms < 1_000


def test_nobody_looks_before_the_queue_is_due(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    due_at_ms = now_ms() + 150
    signals.say(Nudge(QUEUE, due_at_ms))

    caller.claiming().set(found())

    assert due_at_ms <= now_ms() < due_at_ms + 100


def test_nudges_of_other_queues_wake_nobody(waiting: Begin, signals: Signals) -> None:
    caller = waiting()

    signals.say(Nudge(QueueId("000000000000", "other"), now_ms()))

    assert not caller.is_claiming()


def test_a_queue_that_is_due_but_yields_nothing_is_not_asked_without_a_pause(waiting: Begin, signals: Signals) -> None:
    caller = waiting(wait_seconds=1)
    signals.say(Nudge(QUEUE, now_ms()))
    looks = 0
    while caller.is_waiting():
        while not caller.claims.empty():
            looks += 1
            caller.claims.get().set(nothing(next_due_at_ms=now_ms()))
            gevent.sleep(0.001)

    assert 1 < looks < 250


def test_a_clock_that_is_set_back_right_after_a_look_puts_off_no_other(signals: Signals) -> None:
    clock = ManualClock(now_ms())
    caller = Caller(LongPolls(signals, clock))  # type: ignore[arg-type]
    for _ in range(2):  # the second, because nudges are heard from then on
        caller.claiming().set(nothing())
        let_all_run()

    clock.advance(seconds=-3_600)
    signals.say(Nudge(QUEUE, clock.now_ms()))

    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]
    caller.close()
