"""Both types of queue against their models, while a person moves and deletes messages between all that happens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from karin.store.inspect import MessageState, SeenMessage
from karin.store.messages import Rescheduled
from tests.store.machine import SECOND_MS, START_MS, Machine, machine_store
from tests.store.models.fifo import FifoQueue
from tests.store.models.queue import Held, Queue
from tests.store.models.standard import StandardQueue
from tests.store.steps import Start, Step, histories, starts
from tests.store.test_model import StandardMachine
from tests.store.test_model_fifo import FifoMachine

EXAMPLES = 20


@dataclass(frozen=True)
class Touch:
    """A message is looked at, and moved ``ahead_ms`` or deleted (None); ``age`` 0, or it is as an earlier look saw it.

    With ``is_now`` it is made due now, and stays in line if it is due already.
    """

    which: int
    place: int
    age: int
    ahead_ms: int | None
    is_now: bool

    def due_at_ms(self, seen: SeenMessage, now_ms: int) -> int | None:
        """Return the instant that is wanted."""
        if self.is_now:
            return min(seen.due_at_ms, now_ms)
        return None if self.ahead_ms is None else now_ms + self.ahead_ms


touches = st.builds(
    Touch,
    which=st.sampled_from([0, 0, 0, 1]),
    place=st.integers(0, 5),
    age=st.sampled_from([0, 0, 0, 0, 1, 3]),
    ahead_ms=st.sampled_from([None, 0, 1, 5_000, 30_000, 700_000]),
    is_now=st.booleans(),
)


def touch(machine: Machine[Any], wanted: Touch, looks: list[tuple[int, SeenMessage]], put: "Put") -> Rescheduled | None:
    """Do it to the store and to the model, which must say the same of it; return what, None if there is no message."""
    which, model = wanted.which, machine.models[wanted.which]
    if model.held:
        id_ = [*model.held][wanted.place % len(model.held)]
        fresh = machine.store.views.message(machine.queues[which], machine.now_ms, id_)
        check_look(model, id_, fresh, machine.now_ms)
        looks.append((which, fresh))
    if wanted.age >= len(looks):
        return None
    which, seen = looks[-1 - wanted.age]
    due_at_ms = wanted.due_at_ms(seen, machine.now_ms)
    outcome = machine.store.messages.reschedule(machine.queues[which], machine.now_ms, seen, due_at_ms)
    assert outcome is rescheduled(machine.models[which], machine.now_ms, seen, due_at_ms, put)
    if outcome is Rescheduled.DONE and due_at_ms is not None:
        again = machine.store.messages.reschedule(machine.queues[which], machine.now_ms, seen, due_at_ms)
        assert again is Rescheduled.DONE, "a client library's retry is no change by someone else"
    return outcome


def check_look(model: Queue, message_id: str, seen: SeenMessage, now_ms: int) -> None:
    """Check that a message is shown as the model has it."""
    held, due_at_ms = model.held[message_id], model.due_at(message_id)
    hidden = MessageState.LEASED if held.leased_until_ms > now_ms else MessageState.DELAYED
    assert seen.state is (hidden if due_at_ms > now_ms else MessageState.READY)
    assert (seen.due_at_ms, seen.receive_count) == (due_at_ms, held.receive_count)
    assert seen.message.sequence_number == held.sequence_number
    assert (seen.message.retained_from_ms or seen.message.sent_at_ms) == held.kept_from_ms


def rescheduled(model: Queue, now_ms: int, seen: SeenMessage, due_at_ms: int | None, put: "Put") -> Rescheduled:
    """Do in a model what a person wants; return what becomes of the message."""
    message_id = seen.message.message_id
    held = model.held.get(message_id)
    if held is None or held.sequence_number != seen.message.sequence_number:
        return Rescheduled.GONE
    stands_at_ms = model.due_at(message_id)
    if held.receive_count != seen.receive_count or stands_at_ms not in (seen.due_at_ms, due_at_ms):
        return Rescheduled.CHANGED
    if due_at_ms is None:
        del model.held[message_id]
        return Rescheduled.DONE
    if model.ends_at(message_id) <= now_ms:
        return Rescheduled.EXPIRED
    if isinstance(model, FifoQueue) and model.groups()[held.group or ""][0] != message_id:
        return Rescheduled.BEHIND
    if stands_at_ms == due_at_ms:
        return Rescheduled.DONE
    if due_at_ms >= model.ends_at(message_id):
        held.kept_from_ms = due_at_ms
    held.is_set = held.receive_count > 0
    if held.leased_until_ms > now_ms:
        model.hide(message_id, due_at_ms)
    else:
        held.leased_until_ms = 0
        put(model, held, due_at_ms)
    return Rescheduled.DONE


Put = Callable[[Any, Held, int], None]
"""Makes a message that nobody holds due at an instant, as each type of queue does."""


class Standard(StandardMachine):
    """A standard queue whose messages are touched."""

    @staticmethod
    def put(_model: StandardQueue, held: Held, due_at_ms: int) -> None:
        """Move it."""
        held.due_at_ms = due_at_ms


@dataclass
class TouchedFifoQueue(FifoQueue):
    """Knows of messages that stand as if they had arrived at another instant, by their sequence numbers."""

    arrived_at_ms: dict[str | None, int] = field(default_factory=dict)

    def due_at(self, message_id: str) -> int:
        """Return when a message may be received: the queue's delay after it arrived, or is said to have arrived."""
        held = self.held[message_id]
        if held.due_at_ms is None and held.sequence_number in self.arrived_at_ms:
            return self.arrived_at_ms[held.sequence_number] + self.delay_ms
        return super().due_at(message_id)


class Fifo(FifoMachine):
    """A FIFO queue whose messages are touched."""

    def new_model(self, start: Start) -> TouchedFifoQueue:
        return TouchedFifoQueue(
            start.visibility * SECOND_MS,
            start.retention * SECOND_MS,
            0,
            is_by_content=start.is_by_content,
            is_by_group=start.is_by_group,
        )

    @staticmethod
    def put(model: TouchedFifoQueue, held: Held, due_at_ms: int) -> None:
        """Let it wait as if it had just arrived, a delay before."""
        held.due_at_ms = None
        model.arrived_at_ms[held.sequence_number] = due_at_ms - model.delay_ms

    def sent_at_ms(self, model: FifoQueue, held: Held) -> int:
        assert isinstance(model, TouchedFifoQueue)
        return model.arrived_at_ms.get(held.sequence_number, held.kept_from_ms)


@pytest.mark.timeout(360)  # it takes a while to shorten a history that fails
@pytest.mark.parametrize("kind", [Standard, Fifo])
def test_a_touched_message_is_where_a_person_wants_it_and_nothing_else_changes(kind: type[Standard | Fifo]) -> None:
    met: set[Rescheduled | None] = set()
    with machine_store() as (store, raw):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[*HealthCheck],
        )
        @given(start=starts, history=histories, wanted=st.lists(touches, min_size=6, max_size=30))
        def run(start: Start, history: list[Step], wanted: list[Touch]) -> None:
            met.update(live(kind(store, raw, start), history, wanted))

        run()
    assert {*Rescheduled} - met == (set() if kind is Fifo else {Rescheduled.BEHIND})


def live(machine: Standard | Fifo, history: list[Step], wanted: list[Touch]) -> set[Rescheduled | None]:
    """Do a history, and touch a message after each of its steps; return what came of that."""
    looks: list[tuple[int, SeenMessage]] = []
    met: set[Rescheduled | None] = set()
    for number, step in enumerate(history):
        one = wanted[number % len(wanted)]
        note(f"{number}. at {machine.now_ms - START_MS} ms: {step}, then {one}")
        machine.do(step)
        met.add(touch(machine, one, looks, machine.put))
        machine.check()
    return met
