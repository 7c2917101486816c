"""How a wait ends: in time or not, with an error, or with a client that hung up."""

import gevent
import gevent.queue
import pytest

from karin.sqs.errors import QueueDoesNotExist
from karin.store.connection import StoreUnavailable
from karin.store.signals import Nudge
from karin.wsgi.long_poll import LongPolls
from tests.unit.long_poll.callers import QUEUE, Begin, Signals, found, nothing, now_ms


def test_whose_time_is_over_while_it_looks_still_gets_what_it_found(waiting: Begin, signals: Signals) -> None:
    caller = waiting(wait_seconds=1)
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    gevent.sleep(1)

    look.set(found())

    assert caller.bodies() == ["hello"]


def test_whose_time_is_over_while_it_looks_in_vain_ends_empty(waiting: Begin, signals: Signals) -> None:
    caller, other = waiting(wait_seconds=1), waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    gevent.sleep(1)

    look.set(nothing(next_due_at_ms=now_ms()))

    assert caller.bodies() == []
    other.claiming().set(found())
    assert other.bodies() == ["hello"]


def test_a_look_that_the_store_does_not_answer_is_made_again(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    caller.claiming().set_exception(StoreUnavailable("away"))
    began_ms = now_ms()

    caller.claiming().set(found())

    assert caller.bodies() == ["hello"]
    assert now_ms() - began_ms >= 400


def test_a_first_look_that_the_store_does_not_answer_is_an_error(call: Begin) -> None:
    caller = call()

    caller.claiming().set_exception(StoreUnavailable("away"))

    assert isinstance(caller.failure(), StoreUnavailable)


@pytest.mark.parametrize("error", [QueueDoesNotExist(), RuntimeError("a fault")], ids=["no queue", "fault"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_ends_a_wait_and_leaves_the_turn_to_the_next(
    waiting: Begin, signals: Signals, error: Exception
) -> None:
    first, second = waiting(), waiting()
    signals.say(Nudge(QUEUE, now_ms()))

    first.claiming().set_exception(error)

    assert first.failure() is error
    second.claiming().set(found())
    assert second.bodies() == ["hello"]


def test_a_client_that_hung_up_leaves_the_line_at_once(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    first.hang_up()

    assert first.bodies() == []
    signals.say(Nudge(QUEUE, now_ms()))
    second.claiming().set(found())
    assert second.bodies() == ["hello"]
    assert first.claims.empty()


@pytest.mark.parametrize("is_first_look", [True, False])
def test_what_was_found_for_a_client_that_hung_up_meanwhile_is_given_back(
    call: Begin, waiting: Begin, signals: Signals, is_first_look: bool
) -> None:
    caller = call() if is_first_look else waiting()
    if not is_first_look:
        signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    caller.hang_up()

    look.set(found())

    assert caller.bodies() == []
    [claim] = caller.given_back
    assert claim.messages[0].message.body == "hello"


def test_bytes_that_a_client_sent_ahead_mean_that_it_is_there(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    caller.client_side.sendall(b"POST / HTTP/1.1\r\n")

    assert caller.is_waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]
    assert caller.given_back == []


def test_at_the_end_of_a_worker_nobody_waits_any_more(waiting: Begin, call: Begin, polls: LongPolls) -> None:
    callers = [waiting() for _ in range(3)]

    polls.end()

    assert [caller.bodies() for caller in callers] == [[]] * 3
    late = call()
    late.claiming().set(nothing())
    assert late.bodies() == []
