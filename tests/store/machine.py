"""Does the steps of a history to a real queue and to its model, and compares the two after each."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

import pytest
import redis
from hypothesis import HealthCheck, Phase, given, note, settings
from msgspec.structs import replace

from karin.sqs.errors import PurgeQueueInProgress
from karin.sqs.limits import PURGE_INTERVAL_MS
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.ids import read_id
from karin.store.messages import Outgoing, Settlement, Verdict
from karin.store.store import Store
from tests.processes import running_store
from tests.store.dead_letters import REGION, redrive_policy
from tests.store.models.queue import Asked, Chosen, Queue
from tests.store.steps import (
    DEAD_LETTERS,
    SOURCE,
    Change,
    Claim,
    LetTimePass,
    MoveDead,
    New,
    Purge,
    Send,
    SendAgain,
    Settle,
    SettleAll,
    Start,
    Step,
    WaitUntilOver,
    histories,
    starts,
)
from tests.store.support import ANY_SIZE, create
from tests.support import short_folder

SETS = (keys.due, keys.leased, keys.grouped, keys.lanes, keys.arrivals)
OF_QUEUE = 6 + len(SETS)  # values of a queue that are compared with its model
START_MS = 1_700_000_000_000
SECOND_MS = 1_000
UNTIL_BYTES = 6  # in front of what a FIFO queue is to forget
SCATTERED = 0x9E3779B97F4A7C15F39CC0605CEDC835  # the golden ratio: its multiples fill a range evenly
FIELDS = {
    "VisibilityTimeout": "visibility_ms",
    "MessageRetentionPeriod": "retention_ms",
    "DelaySeconds": "delay_ms",
}  # of the model, by attribute

Model = TypeVar("Model", bound=Queue)


class Machine(ABC, Generic[Model]):
    """A queue and its dead-letter queue, each with its model, and a clock that steps turn."""

    queues: ClassVar[tuple[QueueId, QueueId]]

    def __init__(self, store: Store, raw: "redis.Redis", start: Start) -> None:
        self.store, self.raw, self.start = store, raw, start
        self.raw.flushall()
        self.now_ms = START_MS
        self.purged_at_ms: dict[int, int] = {}
        self.messages = 0
        self.sent: list[Outgoing] = []
        self.claimed: list[list[tuple[int, ReceivedMessage]]] = []  # what each claim took, and where; none is empty
        self.dead: dict[str, ReceivedMessage] = {}
        self.models = (self.new_model(start), self.new_model(start))
        self.models[SOURCE].delay_ms = start.delay * SECOND_MS
        self.models[SOURCE].max_receive_count = start.limit
        for queue, model in zip(self.queues, self.models, strict=True):
            self._create(queue, model)

    def _create(self, queue: QueueId, model: Model) -> None:
        limit = model.max_receive_count
        attributes: dict[str, object] = {name: getattr(model, field) // SECOND_MS for name, field in FIELDS.items()}
        if limit is not None:
            attributes["RedrivePolicy"] = redrive_policy(self.queues[DEAD_LETTERS], limit)
        create(self.store, self.now_ms, queue, **attributes, **self.attributes_of_its_type())

    # What each type of queue has of its own

    def attributes_of_its_type(self) -> dict[str, object]:
        """Return more attributes to create the queues with."""
        return {}

    @abstractmethod
    def new_model(self, start: Start) -> Model:
        """Return the model of an empty queue, without delay and redrive policy."""

    @abstractmethod
    def outgoing(self, new: New) -> Outgoing:
        """Return a new message on its way into a queue."""

    @abstractmethod
    def send_to(self, which: int, batch: list[Outgoing]) -> None:
        """Send messages in one command and to the model."""

    @abstractmethod
    def claim_in_model(self, model: Model, asked: Asked, chosen: Chosen) -> int:
        """Check a claim in the model, and do it there; return the instant that its receipts bear."""

    @abstractmethod
    def check_keys(
        self, model: Model, due: dict[str, int], leased: dict[str, int], order: list[str], **others: dict[str, int]
    ) -> None:
        """Compare the sorted sets of a queue with its model."""

    # Steps

    def do(self, step: Step) -> None:
        """Do one step to the queues and to their models."""
        match step:
            case Send():
                new = [self._with_next_id(self.outgoing(one)) for one in step.batch]
                self.send_to(step.which, new)
                self.sent += new
            case SendAgain():
                self.send_to(step.which, [self.sent[-age] for age in step.ages if age <= len(self.sent)])
            case LetTimePass():
                self.now_ms += step.ms
            case WaitUntilOver():
                ends_ms = min(map(self.models[step.which].ends_at, self.models[step.which].held), default=0)
                self.now_ms = max(self.now_ms, ends_ms - step.early_ms)
            case Change():
                self.change(step)
            case Claim():
                self.claim(step)
            case Settle():
                self.settle(step)
            case SettleAll():
                self.settle_all(step)
            case MoveDead():
                self.move_dead(step)
            case Purge():
                self.purge(step)

    def _with_next_id(self, one: Outgoing) -> Outgoing:
        """Give a message an id that a history has every time it is done, but in no order."""
        self.messages += 1
        message_id = str(uuid.UUID(int=self.messages * SCATTERED % (1 << 128), version=4))
        return replace(one, message=replace(one.message, message_id=message_id))

    def change(self, step: Change) -> None:
        """Change an attribute; the dead-letter queue has no redrive policy of its own."""
        model, text = self.models[step.which], str(step.value)
        if step.name == "RedrivePolicy":
            if step.which == DEAD_LETTERS:
                return
            model.max_receive_count = step.value
            text = "" if step.value is None else redrive_policy(self.queues[DEAD_LETTERS], step.value)
        elif step.value is not None:
            setattr(model, FIELDS[step.name], step.value * SECOND_MS)
        self.store.queues.set_attributes(self.queues[step.which], self.now_ms, {step.name: text})

    def claim(self, step: Claim) -> None:
        """Claim in the store, and have the model check what it did."""
        queue, model = self.queues[step.which], self.models[step.which]
        if step.late_ms is not None:
            self.now_ms = max(self.now_ms, (model.earliest() or 0) + step.late_ms)
        taken = self.store.messages.claim(
            queue,
            self.now_ms,
            most=step.most,
            most_bytes=1 if step.at_most_one else ANY_SIZE,
            visibility_ms=step.visibility_ms,
            floor_ms=step.floor_ms,
            counts=step.counts,
            attempt_id=step.attempt_id if queue.is_fifo else "",
        )
        visibility_ms = model.visibility_ms if step.visibility_ms is None else step.visibility_ms
        asked = Asked(step.most, max(visibility_ms, step.floor_ms, 1), step.counts, step.at_most_one, step.attempt_id)
        stored: Any = self.raw.hkeys(keys.messages(queue))
        chosen = Chosen(ids_of(taken.messages), ids_of(taken.dead), {*model.held} - {*map(spelt_out, stored)})
        received_at_ms = self.claim_in_model(model, asked, chosen)
        for one in (*taken.messages, *taken.dead):
            held, receipt = model.held[one.message.message_id], one.receipt
            assert one.receive_count == held.receive_count
            assert one.first_received_at_ms == (held.first_received_at_ms or received_at_ms)
            assert (receipt.queue, receipt.received_at_ms) == (queue, received_at_ms)
            for named in (receipt, one.message):
                assert (named.group_id, named.sequence_number) == (held.group, held.sequence_number)
        assert taken.visibility_ms == visibility_ms
        assert taken.dead_letter_target == (None if model.max_receive_count is None else self.queues[DEAD_LETTERS])
        self.check_next_due(model, taken.next_due_at_ms)
        self.dead.update((one.message.message_id, one) for one in taken.dead)
        if taken.messages or taken.dead:
            self.claimed.append([(step.which, one) for one in (*taken.messages, *taken.dead)])

    def settle(self, step: Settle) -> None:
        """Settle each of the messages named as it is said; a receipt of a dead one is as good as any."""
        verdicts: list[tuple[int, Settlement]] = []
        for said in step.said:
            if taken := self._taken(said.age):
                where, one = taken[said.place % len(taken)]
                verdicts.append((where, self._settlement(one, said.verdict, said.pause_ms)))
        for which in (SOURCE, DEAD_LETTERS):
            self.settle_in(which, [settlement for where, settlement in verdicts if where == which])

    def settle_all(self, step: SettleAll) -> None:
        """Settle all of one claim, which is of one queue."""
        taken = self._taken(step.age)
        for verdict, pause_ms in step.verdicts if taken else ():
            self.settle_in(taken[0][0], [self._settlement(one, verdict, pause_ms) for _, one in taken])

    def _taken(self, age: int) -> list[tuple[int, ReceivedMessage]]:
        return self.claimed[-age] if age <= len(self.claimed) else []

    def _settlement(self, one: ReceivedMessage, verdict: Verdict, pause_ms: int) -> Settlement:
        return Settlement(one.receipt, verdict, self.now_ms + pause_ms)

    def settle_in(self, which: int, settlements: list[Settlement]) -> None:
        """Settle in one command and in the model, which must have the same effects."""
        settled = self.store.messages.settle(self.queues[which], self.now_ms, settlements)
        assert [*settled.effects] == [self.models[which].settle(self.now_ms, one) for one in settlements]
        self.check_next_due(self.models[which], settled.next_due_at_ms)

    def move_dead(self, step: MoveDead) -> None:
        """Send all that was found dead, and then delete it."""
        for one in self.dead.values():
            message = replace(
                one.message,
                dead_letter_source_arn=self.queues[SOURCE].arn(REGION),
                deduplication_id=one.message.message_id if self.queues[SOURCE].is_fifo else None,
            )
            self.send_to(DEAD_LETTERS, [Outgoing(message, 0, 0, one.receive_count, one.first_received_at_ms)])
        if not step.is_killed:
            self.settle_in(SOURCE, [Settlement(one.receipt, Verdict.DELETE) for one in self.dead.values()])
            self.dead.clear()

    def purge(self, step: Purge) -> None:
        """Purge a queue, unless that was done a moment ago."""
        queue = self.queues[step.which]
        if self.now_ms - self.purged_at_ms.get(step.which, 0) < PURGE_INTERVAL_MS:
            with pytest.raises(PurgeQueueInProgress):
                self.store.messages.purge(queue, self.now_ms)
            return
        assert self.store.messages.purge(queue, self.now_ms) == self.models[step.which].purge()
        self.purged_at_ms[step.which] = self.now_ms

    # What holds after every step

    def check(self) -> None:
        """Compare the counts, the next due instant and the keys, where nothing stands of messages that are gone."""
        kept = self._kept()
        for queue, model in zip(self.queues, self.models, strict=True):
            state = self.store.queues.describe(queue, self.now_ms)
            assert (state.ready, state.leased, state.delayed) == model.counts(self.now_ms)
            self.check_next_due(model, state.next_due_at_ms)
            stored, stored_bytes, receives, remembered, forgetting, order, *sets = islice(kept, OF_QUEUE)
            assert {*map(spelt_out, stored)} == {*model.held}
            assert sum(len(as_stored(value)) for value in stored.values()) == int(stored_bytes or 0)
            assert {spelt_out(id_): text for id_, text in receives.items()} == {
                id_: f"{held.receive_count} {held.first_received_at_ms}{' set' if held.is_set else ''}"
                for id_, held in model.held.items()
                if held.receive_count
            }
            assert {*map(as_stored, remembered)} == {as_stored(one)[UNTIL_BYTES:] for one in forgetting}
            due, leased, grouped, lanes, arrivals = ({spelt_out(name): int(at) for name, at in one} for one in sets)
            self.check_keys(model, due, leased, order, grouped=grouped, lanes=lanes, arrivals=arrivals)

    def _kept(self) -> Iterator[Any]:
        """Yield what the store has of the queues, OF_QUEUE values each, all of one look."""
        with self.raw.pipeline(transaction=False) as pipe:
            for queue in self.queues:
                pipe.hgetall(keys.messages(queue))
                pipe.hget(keys.queue(queue), keys.STORED_BYTES)
                pipe.hgetall(keys.receives(queue))
                pipe.hkeys(keys.remembered(queue))
                pipe.lrange(keys.forgetting(queue), 0, -1)
                pipe.zrange(keys.order(queue), 0, -1)
                for key in SETS:
                    pipe.zrange(key(queue), 0, -1, withscores=True)
            yield from pipe.execute()

    def check_next_due(self, model: Model, told_ms: int | None) -> None:
        """Check when the queue is said to be due next.

        It is exact but for groups: one that was served has a later turn than its first message's, though not after now.
        """
        earliest_ms = model.earliest()
        if earliest_ms is None or earliest_ms > self.now_ms or not any(held.group for held in model.held.values()):
            assert told_ms == earliest_ms
        else:
            assert told_ms is not None
            assert earliest_ms <= told_ms <= self.now_ms


def as_stored(member: str) -> bytes:
    """Return a member as the store has it."""
    return member.encode(errors="surrogateescape")


def spelt_out(member: str) -> str:
    """Return a member of a set with the id with which it ends, if it does, as people write it."""
    stored = as_stored(member)
    return stored[:-16].decode() + read_id(stored[-16:]) if stored[-1] >= 128 else member


def ids_of(messages: tuple[ReceivedMessage, ...]) -> list[str]:
    """Return the ids of what was received, in order."""
    return [one.message.message_id for one in messages]


@contextmanager
def machine_store() -> Iterator[tuple[Store, "redis.Redis"]]:
    """Run a store for machines alone; yield it, and a plain client of it."""
    with (
        short_folder() as home,
        running_store(home) as url,
        closing(redis.Redis.from_url(url, decode_responses=True, encoding_errors="surrogateescape")) as raw,
    ):
        yield Store.open(url, max_connections=1), raw


def run_histories(kind: type[Machine[Any]], examples: int, *, is_repeatable: bool = True) -> None:
    """Do many histories, each to new queues; the shortest that fails is told in the end."""
    with machine_store() as (store, raw):

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=is_repeatable,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[*HealthCheck],
        )
        @given(start=starts, history=histories)
        def run(start: Start, history: list[Step]) -> None:
            machine = kind(store, raw, start)
            for number, step in enumerate(history):
                note(f"{number}. at {machine.now_ms - START_MS} ms: {step}")
                machine.do(step)
                machine.check()

        run()
