"""Handing over to another queue server: all of it, once, in order, never early, going on where it was interrupted."""

from collections.abc import Callable, Sequence

import pytest
import redis

from karin.mapping.model import Mapping, Snapshot
from karin.mapping.pause import PausedBy
from karin.operations.context import Context
from karin.operations.handing_over import LEASE_MS, LOAD_BYTES, Handover, hold_back
from karin.operations.importing import import_messages
from karin.operations.one_handover import AnotherHandover, only_handover
from karin.operations.remaining import AHEAD_MS, Remaining, ahead_ms, count_ahead, remaining
from karin.sqs.destination import Deposit, Deposited, QueueFacts
from karin.sqs.message import MessageAttribute
from karin.sqs.source import Fetched, SourceFailed
from karin.store import keys
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    ACCOUNT,
    FIFO,
    QUEUE,
    bodies,
    claim,
    counts,
    create,
    send,
    settlement,
)

Answer = Callable[[Deposit], Deposited]


class Elsewhere:
    """Stands in for another queue server: keeps what it is sent, load by load."""

    def __init__(self, facts: QueueFacts | None = None) -> None:
        self.loads: list[list[Deposit]] = []
        self.answer: Answer = lambda _: Deposited()
        self.meanwhile: Callable[[], object] = lambda: None
        self._facts = facts or QueueFacts()
        self._count = 0

    def facts(self) -> QueueFacts:
        """Return what it takes."""
        return self._facts

    def send(self, deposits: Sequence[Deposit]) -> list[Deposited]:
        """Keep messages unless the answer says otherwise."""
        self.meanwhile()
        became = []
        self.loads.append([])
        for deposit in deposits:
            it = self.answer(deposit)
            if not it.problem and not it.message_id:
                self._count += 1
                it = Deposited(f"there-{self._count}")
                self.loads[-1].append(deposit)
            became.append(it)
        return became

    @property
    def deposits(self) -> list[Deposit]:
        """Return all that it keeps, in order."""
        return [one for load in self.loads for one in load]

    @property
    def bodies(self) -> list[str]:
        """Return their bodies."""
        return [one.message.body for one in self.deposits]


@pytest.fixture
def there() -> Elsewhere:
    return Elsewhere()


def send_fifo(store: Store, clock: ManualClock, *names: str) -> None:
    """Send messages whose bodies and deduplication ids are their names, whose groups are the first letters of them."""
    for name in names:
        send(store, clock.now_ms(), name, queue=FIFO, group_id=name[0], deduplication_id=name)


def test_all_that_is_due_is_there_with_what_came_along_and_gone_here(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms())
    kind = {"kind": MessageAttribute("String", string_value="mail")}
    send(store, clock.now_ms(), "first", attributes=kind, trace_header="Root=1", group_id="g")
    for number in range(24):
        clock.advance(ms=1)
        send(store, clock.now_ms(), f"m{number}")
    told = []
    handover = Handover(context, QUEUE, there, lambda done: told.append(done.messages))

    assert handover.run() == Remaining()

    assert counts(store, clock.now_ms()) == (0, 0, 0)
    assert there.bodies == ["first", *(f"m{number}" for number in range(24))]
    sent = there.deposits[0].message
    assert (sent.attributes, sent.trace_header, sent.group_id) == (kind, "Root=1", "g")
    assert told == [10, 20, 25]


def test_a_delay_goes_along_when_it_is_short_enough_and_is_never_cut_short(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms())
    for body, delay_ms in {"soon": 1_001, "later": 899_999, "last": AHEAD_MS, "far": AHEAD_MS + 60_000}.items():
        send(store, clock.now_ms(), body, delay_ms=delay_ms)
    assert count_ahead(context, QUEUE, AHEAD_MS) == 3

    left = Handover(context, QUEUE, there).run()

    assert {one.message.body: one.delay_seconds for one in there.deposits} == {"soon": 2, "later": 900, "last": 900}
    assert left == Remaining(delayed=1, next_at_ms=clock.now_ms() + 60_000)
    clock.advance(ms=60_000)
    assert Handover(context, QUEUE, there).run() == Remaining()
    assert there.bodies[-1] == "far"


def test_a_queue_there_that_keeps_messages_shortly_gets_them_late_enough(
    context: Context, store: Store, clock: ManualClock
) -> None:
    there = Elsewhere(QueueFacts(retention_seconds=60))
    create(store, clock.now_ms())
    send(store, clock.now_ms(), delay_ms=40_000)

    assert Handover(context, QUEUE, there).run() == Remaining(delayed=1, next_at_ms=clock.now_ms() + 10_000)

    assert ahead_ms(FIFO, QueueFacts()) == 0


def test_nobody_is_given_a_message_while_it_is_sent(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms())
    looked: list[str] = []
    there.meanwhile = lambda: looked.extend(bodies(claim(store, clock.now_ms() + LEASE_MS - 1)))
    send(store, clock.now_ms(), "due")
    Handover(context, QUEUE, there).run()
    for body, delay_ms in {"soon": 5_000, "sooner": LEASE_MS - 1, "later": LEASE_MS + 1}.items():
        send(store, clock.now_ms(), body, delay_ms=delay_ms)

    Handover(context, QUEUE, there).run()

    assert looked == []
    assert there.bodies == ["due", "soon", "sooner", "later"]


def test_what_could_not_be_sent_is_here_as_it_was(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms(), "due")
    settle_as_failed(store, clock)
    send(store, clock.now_ms(), "soon", delay_ms=5_000)

    def break_off() -> None:
        raise SourceFailed("no answer")

    there.meanwhile = break_off
    with pytest.raises(SourceFailed):
        Handover(context, QUEUE, there).run()

    [due] = claim(store, clock.now_ms()).messages
    assert (due.message.body, due.receive_count) == ("due", 2)
    there.meanwhile = lambda: None
    there.answer = lambda _: Deposited(problem="InternalError: later")
    with pytest.raises(SourceFailed, match="InternalError"):
        Handover(context, QUEUE, there).run()
    clock.advance(ms=4_999)
    assert bodies(claim(store, clock.now_ms())) == []
    clock.advance(ms=1)
    assert bodies(claim(store, clock.now_ms())) == ["soon"]


def settle_as_failed(store: Store, clock: ManualClock) -> None:
    """Receive what is due, and have it due again."""
    taken = claim(store, clock.now_ms()).messages
    store.messages.settle(QUEUE, clock.now_ms(), [settlement(one, Verdict.RETRY, clock.now_ms()) for one in taken])


def test_what_is_in_flight_waits_for_its_outcome(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms(), VisibilityTimeout=30)
    send(store, clock.now_ms(), "done")
    send(store, clock.now_ms(), "fails")
    held = claim(store, clock.now_ms()).messages

    assert Handover(context, QUEUE, there).run() == Remaining(leased=2, next_at_ms=clock.now_ms() + 30_000)

    store.messages.settle(QUEUE, clock.now_ms(), [settlement(held[0], Verdict.DELETE)])
    clock.advance(ms=30_000)
    assert Handover(context, QUEUE, there).run() == Remaining()
    assert there.bodies == [held[1].message.body]


def test_what_is_refused_there_stays_here_and_holds_up_nothing_else(
    context: Context, store: Store, clock: ManualClock
) -> None:
    there = Elsewhere(QueueFacts(max_message_bytes=100))
    create(store, clock.now_ms())
    long = send(store, clock.now_ms(), "x" * 101)
    bad = send(store, clock.now_ms(), "bad", delay_ms=1_000)
    for number in range(12):
        send(store, clock.now_ms(), f"m{number}")
    there.answer = lambda one: Deposited(problem="no", is_refused=True) if one.message.body == "bad" else Deposited()
    handover = Handover(context, QUEUE, there)

    left = handover.run()

    assert (left.ready, left.delayed, left.leased) == (1, 1, 0)
    assert len(there.bodies) == 12
    assert handover.done.refused.keys() == {long, bad}
    assert "101 bytes" in handover.done.refused[long]


def test_a_send_is_no_longer_than_one_request_may_be(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms())
    for delay_ms in (0, 60_000):
        for _ in range(5):
            send(store, clock.now_ms(), "\x7f" * (LOAD_BYTES // 3 + 1), delay_ms=delay_ms)
    send(store, clock.now_ms(), "x" * (LOAD_BYTES * 4))

    assert Handover(context, QUEUE, there).run() == Remaining()

    sizes = [sum(len(one.message.body) for one in load) for load in there.loads if len(load) > 1]
    assert max(sizes) <= LOAD_BYTES
    assert len(there.bodies) == 11


def test_groups_of_a_fifo_queue_keep_their_order_and_ids(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms(), FIFO)
    names = [f"{'ab'[number % 2]}{number:02d}" for number in range(26)]
    send_fifo(store, clock, *names)

    assert Handover(context, FIFO, there).run() == Remaining()

    for group in "ab":
        assert [body for body in there.bodies if body[0] == group] == [one for one in names if one[0] == group]
    assert [one.message.deduplication_id for one in there.deposits] == there.bodies
    assert {one.delay_seconds for one in there.deposits} == {0}


@pytest.mark.parametrize("is_refused", [True, False])
def test_nothing_overtakes_what_was_not_taken_of_its_group(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere, *, is_refused: bool
) -> None:
    create(store, clock.now_ms(), FIFO)
    send_fifo(store, clock, "a1", "a2", "a3", "b1", "b2")
    fails = Deposited(problem="no", is_refused=is_refused)
    there.answer = lambda one: fails if one.message.body == "a2" else Deposited()
    handover = Handover(context, FIFO, there)

    if is_refused:
        assert handover.run().ready == 2
        assert there.bodies == ["a1", "b1", "b2"]
    else:
        with pytest.raises(SourceFailed):
            handover.run()
    there.answer = lambda _: Deposited()
    assert handover.run() == Remaining()
    assert [body for body in there.bodies if body[0] == "a"] == ["a1", "a2", "a3"]
    assert [body for body in there.bodies if body[0] == "b"] == ["b1", "b2"]


def test_what_the_other_server_takes_for_a_message_it_had_stays_here_until_it_does_not(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    """It came from there minutes ago: its id there is the one it has here, and deleting it here would lose it."""
    create(store, clock.now_ms(), FIFO)
    send_fifo(store, clock, "a1", "a2", "b1")
    there.answer = lambda one: Deposited(one.message.message_id) if one.message.body == "a1" else Deposited()
    handover = Handover(context, FIFO, there)

    left = handover.run()

    assert (there.bodies, handover.done.waiting, left.leased) == (["b1"], 1, 1)
    there.answer = lambda _: Deposited()
    clock.advance(ms=LEASE_MS)
    assert handover.run() == Remaining()
    assert there.bodies == ["b1", "a1", "a2"]


def test_a_fifo_message_may_come_back_within_five_minutes(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere
) -> None:
    create(store, clock.now_ms(), FIFO, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send_fifo(store, clock, "a1", "b1")
    Handover(context, FIFO, there).run()

    class Back:
        def __init__(self) -> None:
            self.messages = [one.message for one in there.deposits]

        def receive(self) -> list[Fetched]:
            return [Fetched(one, one.message_id) for one in self.messages]

        def delete(self, _: Sequence[str]) -> int:
            self.messages = []
            return 0

    import_messages(context, FIFO, Back())

    assert bodies(claim(store, clock.now_ms(), queue=FIFO)) == ["a1", "b1"]


def test_only_a_fifo_queue_is_paused_and_a_persons_own_pause_is_left_as_it_is(
    context: Context, store: Store, clock: ManualClock
) -> None:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:work"
    fifo, standard = (Mapping(f"of {one.name}", one.arn("us-east-1"), function) for one in (FIFO, QUEUE))
    store.deployment.replace_snapshot(Snapshot(clock.now_ms(), ACCOUNT, "us-east-1", mappings=(fifo, standard)))

    assert hold_back(context, QUEUE) == ([], False)
    assert hold_back(context, FIFO) == ([fifo], True)

    assert {uuid: pause.by for uuid, pause in store.pauses.all().items()} == {fifo.uuid: PausedBy.USER}
    assert hold_back(context, FIFO) == ([fifo], False)


def test_a_look_changes_nothing(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    assert remaining(context, QUEUE, AHEAD_MS) == Remaining()
    send(store, clock.now_ms())
    send(store, clock.now_ms(), delay_ms=1_000)

    assert remaining(context, QUEUE, AHEAD_MS) == Remaining(1, 1, 0, clock.now_ms())

    assert counts(store, clock.now_ms()) == (1, 0, 1)


def test_a_queue_has_one_handover_at_a_time_and_none_that_has_ended(
    context: Context, store: Store, clock: ManualClock, there: Elsewhere, raw: redis.Redis
) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms(), "one")
    with only_handover(context, QUEUE) as hold, only_handover(context, FIFO):
        left_ms = raw.pttl(keys.handover(QUEUE))
        with pytest.raises(AnotherHandover, match=QUEUE.name), only_handover(context, QUEUE):
            pytest.fail("two have it")
        hold.renew()
        assert raw.pttl(keys.handover(QUEUE)) >= left_ms - 1_000
        assert Handover(context, QUEUE, there, check=hold.check).run() == Remaining()
    assert not raw.exists(keys.handover(QUEUE), keys.handover(FIFO))


def test_who_lost_its_queue_to_another_handover_ends_before_it_sends(
    context: Context,
    store: Store,
    clock: ManualClock,
    there: Elsewhere,
    raw: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after the process was stopped for longer than its hold lasted."""
    create(store, clock.now_ms())
    send(store, clock.now_ms(), "one")
    with only_handover(context, QUEUE) as stopped:
        raw.delete(keys.handover(QUEUE))
        with only_handover(context, QUEUE):
            monkeypatch.setattr("karin.operations.one_handover.HELD_MS", 0)
            with pytest.raises(AnotherHandover):
                Handover(context, QUEUE, there, check=stopped.check).run()
            monkeypatch.undo()
        stopped.renew()  # again, since nobody else has it
    assert there.bodies == []
    assert counts(store, clock.now_ms()) == (1, 0, 0)
