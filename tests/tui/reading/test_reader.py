"""What is read when, and what it costs, against a real store and a clock that the test turns."""

from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from karin.budget.levels import DAY_MS, Level
from karin.budget.opening import open_ledger
from karin.finding import Running
from karin.mapping.pause import paused_by_user
from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.sqs.sending import Send
from karin.store.messages import Settlement, Verdict
from karin.store.signals import Nudge, PausesChanged, Synced
from karin.tui.reading.budget import ATTENDED, WAKING_COMMANDS, Budget
from karin.tui.reading.gathering import Gatherer
from karin.tui.reading.interest import Interest
from karin.tui.reading.reader import CLAIM_MS, IN_FLIGHT_MS, NEEDED_MS, QUEUES_MS, ROUND_MS, SUBSCRIBE_COMMANDS, Reader
from karin.tui.views.listing import Need, Place
from karin.tui.world import World
from tests.clocks import ManualClock
from tests.store.support import claim
from tests.tui.worlds import BUSY

SENDER = Sender("test")
AT_QUEUES = Interest(Place("queues"))


@pytest.fixture
def gatherer(context: Context) -> Gatherer:
    """Return what reads the test's store."""
    return Gatherer(Running(context, Settings(home=Path("/nonexistent")), ""))


@pytest.fixture
def reader(gatherer: Gatherer, clock: ManualClock) -> Reader:
    """Return a reader that has read nothing yet, of someone who looks at the queues."""
    return Reader(gatherer, Budget(clock.now_ms()), clock.now_ms(), AT_QUEUES)


def _send(context: Context, queue: QueueId, delay_seconds: int = 0) -> None:
    sending.send_message(context, queue, Send("x", delay_seconds), SENDER)


def _ready(world: World | None) -> dict[str, int]:
    assert world
    assert world.status
    return {state.queue.name: state.ready for state in world.status.queues}


def test_the_first_round_reads_the_queues_and_the_next_waits_ten_seconds(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    queues.create_queue(context, "orders", {}, {})
    assert _ready(reader.read_if_due()) == {"orders": 0}
    clock.advance(ms=ROUND_MS - 1)
    assert reader.read_if_due() is None
    clock.advance(ms=1)
    world = reader.read_if_due()
    assert world
    assert world.status
    assert world.status.now_ms == clock.now_ms()


def test_a_clock_that_was_set_back_does_not_stop_the_reading(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    orders = queues.create_queue(context, "orders", {}, {})
    reader.read_if_due()
    clock.advance(seconds=-3600)
    _send(context, orders)
    assert _ready(reader.read_if_due()) == {"orders": 1}


def test_a_nudge_reads_the_queues_again_but_not_twice_in_a_second(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    reader.read_if_due()
    _send(context, queue)
    reader.heard(Nudge(queue, 0))
    assert reader.read_if_due() is None
    clock.advance(ms=QUEUES_MS)
    assert _ready(reader.read_if_due()) == {"orders": 1}
    clock.advance(ms=QUEUES_MS)
    assert reader.read_if_due() is None


def test_what_is_in_flight_is_looked_at_every_other_second_until_it_is_over(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    _send(context, queue)
    taken = claim(context.store, clock.now_ms(), queue=queue).messages
    reader.read_if_due()
    context.store.messages.settle(queue, clock.now_ms(), [Settlement(taken[0].receipt, Verdict.DELETE)])
    clock.advance(ms=IN_FLIGHT_MS - 1)
    assert reader.read_if_due() is None
    clock.advance(ms=1)
    world = reader.read_if_due()
    assert world
    assert world.status
    assert world.status.counts == (0, 0, 0)
    clock.advance(ms=IN_FLIGHT_MS)
    assert reader.read_if_due() is None


def test_queues_that_came_and_went_are_seen_with_the_next_nudge(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    old = queues.create_queue(context, "old", {}, {})
    reader.read_if_due()
    new = queues.create_queue(context, "new", {}, {})
    queues.delete_queue(context, old)
    reader.heard(Nudge(new, 0))
    clock.advance(ms=QUEUES_MS)
    assert _ready(reader.read_if_due()) == {"new": 0}


def test_a_queue_is_read_once_when_its_message_comes_due(reader: Reader, context: Context, clock: ManualClock) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    _send(context, queue, delay_seconds=5)
    reader.read_if_due()
    clock.advance(seconds=5)
    assert reader.read_if_due() is None
    clock.advance(ms=CLAIM_MS)
    assert _ready(reader.read_if_due()) == {"orders": 1}
    clock.advance(seconds=1)
    assert reader.read_if_due() is None


def test_a_sync_and_a_pause_are_shown_at_once(reader: Reader, context: Context, clock: ManualClock) -> None:
    reader.read_if_due()
    assert BUSY.snapshot
    context.store.deployment.replace_snapshot(BUSY.snapshot)
    reader.heard(Synced())
    world = reader.read_if_due()
    assert world
    assert world.status
    assert world.status.snapshot == BUSY.snapshot
    context.store.pauses.pause("mail-sendMail", paused_by_user("broken", clock.now_ms()))
    reader.heard(PausesChanged())
    world = reader.read_if_due()
    assert world
    assert world.pauses["mail-sendMail"].reason == "broken"


def test_a_queues_messages_are_read_when_it_is_opened_and_again_when_something_happens(
    reader: Reader, context: Context, clock: ManualClock
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    _send(context, queue)
    reader.read_if_due()
    reader.look_at(Interest(Place("messages", queue), frozenset({Need.MESSAGES})))
    world = reader.read_if_due()
    assert world
    assert world.messages
    assert [one.message.body for one in world.messages.messages] == ["x"]
    clock.advance(ms=NEEDED_MS)
    reader.read_if_due()  # the message came due since
    clock.advance(ms=NEEDED_MS)
    assert reader.read_if_due() is None
    _send(context, queue)
    reader.heard(Nudge(queue, 0))
    world = reader.read_if_due()
    assert world
    assert world.messages
    assert len(world.messages.messages) == 2


def test_a_message_that_is_gone_says_so(reader: Reader, context: Context) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    reader.look_at(Interest(Place("messages", queue), frozenset(), (queue, "0" * 36)))
    world = reader.read_if_due()
    assert world
    assert world.message
    assert world.message.problem == "this message is no longer in its queue"


@pytest.mark.parametrize("view", ["queues", "messages", "invocations", "due", "status"])
def test_many_queues_and_nudges_cost_two_commands_a_second_at_most(
    gatherer: Gatherer, context: Context, clock: ManualClock, view: str
) -> None:
    many = [queues.create_queue(context, f"queue-{number}", {}, {}) for number in range(60)]
    needs = {"messages": Need.MESSAGES, "invocations": Need.INVOCATIONS, "due": Need.AGENDA, "status": Need.STORE}
    place = Place(view, many[0]) if view == "messages" else Place(view)
    interest = Interest(place, frozenset({needs[view]} if view in needs else ()))
    seconds = 120
    budget = Budget(clock.now_ms())
    reader = Reader(gatherer, budget, clock.now_ms(), interest)
    for _ in range(seconds * 4):
        clock.advance(ms=250)
        for queue in many:
            reader.heard(Nudge(queue, 0))
        reader.read_if_due()
    assert budget.spent <= seconds * ATTENDED.commands_per_second + ATTENDED.saved + 10


def test_what_a_round_says_it_costs_is_what_the_store_counts(
    gatherer: Gatherer, context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    for number in range(30):
        queues.create_queue(context, f"queue-{number}", {}, {})
    everything = frozenset({Need.INVOCATIONS, Need.AGENDA})
    budget = Budget(clock.now_ms())
    reader = Reader(gatherer, budget, clock.now_ms(), Interest(Place("queues"), everything))
    reader.read_if_due()
    raw.config_resetstat()
    before = budget.spent
    reader.read_again()
    clock.advance(seconds=61)
    reader.read_if_due()
    stats = raw.info("commandstats")
    sent = sum(int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("evalsha", "get", "hkeys"))
    # Heartbeats, names and pauses are read with commands that scripts use, too: three more.
    assert sent + 3 == budget.spent - before


def test_no_minute_in_which_nobody_looks_costs_more_than_two_commands_and_who_comes_back_sees_the_present(
    gatherer: Gatherer, context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    budget = Budget(clock.now_ms())
    everything = Interest(Place("status"), frozenset({Need.STORE, Need.INVOCATIONS, Need.AGENDA}))
    reader = Reader(gatherer, budget, clock.now_ms(), everything)
    reader.read_if_due()
    clock.advance(seconds=10)  # in which twenty commands are saved
    reader.attend(False)
    before, spent = budget.spent, [budget.spent]
    with cast("Any", raw).monitor() as monitor:
        for _ in range(10 * 60):
            for signal in (Nudge(queue, 0), Synced(), PausesChanged()):
                reader.heard(signal)
            reader.read_if_due()
            spent.append(budget.spent)
            clock.advance(seconds=1)
        raw.echo("end")
        seen = list(takewhile(lambda told: told["command"] != "ECHO end", monitor.listen()))
    windows = [later - earlier for earlier, later in zip(spent, spent[60:], strict=False)]
    assert (min(windows), max(windows)) == (1, 2)
    words = Counter(told["command"].split()[0] for told in seen if told["client_type"] != "lua")
    assert words["EVALSHA"] + words["HGETALL"] == budget.spent - before
    assert words.keys() <= {"EVALSHA", "HGETALL", "HELLO", "CLIENT"}  # the last two begin this test's own connection
    _send(context, queue)
    reader.attend(True)
    assert _ready(reader.read_if_due()) == {"orders": 1}


def test_while_nobody_looks_new_queues_counts_and_schedulers_still_come_to_be_shown(
    gatherer: Gatherer, context: Context, clock: ManualClock
) -> None:
    old = queues.create_queue(context, "old", {}, {})
    gone = queues.create_queue(context, "gone", {}, {})
    reader = Reader(gatherer, Budget(clock.now_ms()), clock.now_ms(), AT_QUEUES)
    reader.read_if_due()
    reader.attend(False)
    new = queues.create_queue(context, "new", {}, {})
    queues.delete_queue(context, gone)
    for queue in (old, new):
        _send(context, queue)
        reader.heard(Nudge(queue, 0))
    context.store.sweeping.sweep([], "scheduler", clock.now_ms())
    world = None
    for _ in range(70):
        clock.advance(seconds=1)
        world = reader.read_if_due() or world
    assert _ready(world) == {"new": 1, "old": 1}
    assert world
    assert world.status
    assert world.status.schedulers_alive == 1


def test_more_queues_than_one_command_tells_of_are_read_by_turns_while_nobody_looks(
    gatherer: Gatherer, context: Context, clock: ManualClock
) -> None:
    many = [queues.create_queue(context, f"queue-{number:03}", {}, {}) for number in range(230)]
    world, _ = gatherer.status(World(), with_deployment=False)
    for queue in many:
        _send(context, queue)
    known = [sum(_ready(world := gatherer.some_queues(world, [])).values()) for _ in range(3)]
    assert known == [100, 200, 230]
    _send(context, many[5])
    assert sum(_ready(gatherer.some_queues(world, [])).values()) == 231


def test_coming_and_going_gains_nothing(clock: ManualClock) -> None:
    budget = Budget(clock.now_ms())
    for _ in range(100):
        budget.attend(False, clock.now_ms())
        budget.attend(True, clock.now_ms())
    assert budget.allows(clock.now_ms())
    budget.spend(WAKING_COMMANDS)
    assert not budget.allows(clock.now_ms())


def test_what_was_spent_is_told(reader: Reader, clock: ManualClock) -> None:
    began_at_ms = clock.now_ms()
    world = reader.read_if_due()
    assert world
    assert world.spending
    assert world.spending.since_ms == began_at_ms
    assert world.spending.commands > SUBSCRIBE_COMMANDS


def test_while_commands_are_short_only_what_a_person_asks_for_is_read(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    queue = queues.create_queue(context, "orders", {}, {})
    settings = Settings(home=tmp_path, redis_budget=1_000)
    ledger = open_ledger(settings, clock)
    assert ledger
    cells = ledger.cells("endpoint")
    gatherer = Gatherer(Running(context, settings, ""))
    cells[0] += 2_000
    reader = Reader(gatherer, Budget(clock.now_ms()), clock.now_ms(), AT_QUEUES)
    world = reader.read_if_due()
    assert _ready(world) == {"orders": 0}  # at its start it is asked
    assert world
    assert world.outlook
    assert world.outlook.level is Level.SWEEP
    _send(context, queue)
    for signal in (Nudge(queue, 0), Synced(), PausesChanged()):
        reader.heard(signal)
        clock.advance(ms=3 * ROUND_MS)
        assert reader.read_if_due() is None
    reader.read_again()
    assert _ready(reader.read_if_due()) == {"orders": 1}
    clock.advance(ms=DAY_MS)
    _send(context, queue)
    assert _ready(reader.read_if_due()) == {"orders": 2}  # another day: it reads by itself
