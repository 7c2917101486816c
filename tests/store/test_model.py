"""The store against a model: whatever is sent, claimed, settled and purged, in whatever order, both agree."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from karin.sqs.errors import PurgeQueueInProgress
from karin.sqs.message import ReceivedMessage
from karin.store.messages import Outgoing, Settlement, Verdict
from karin.store.store import Store
from tests.processes import running_store
from tests.store.support import QUEUE, assert_no_leak, create, outgoing

START_MS = 1_700_000_000_000
NO_BOUND = 1 << 30  # bytes


@dataclass
class Held:
    """A message as the model of a standard queue holds it."""

    sent_at_ms: int
    due_at_ms: int
    leased_until_ms: int = 0
    count: int = 0
    first_received_at_ms: int = 0


class QueueMachine(RuleBasedStateMachine):
    """Does the same to a real queue and to a dictionary."""

    store: Store
    raw: redis.Redis
    sent = Bundle("sent")
    claimed = Bundle("claimed")

    @initialize(
        visibility_seconds=st.sampled_from([0, 1, 5, 30]),
        retention_seconds=st.sampled_from([60, 90, 600]),
        delay_seconds=st.sampled_from([0, 3]),
    )
    def begin(self, visibility_seconds: int, retention_seconds: int, delay_seconds: int) -> None:
        self.raw.flushall()
        self.now_ms = START_MS
        self.visibility_ms, self.retention_ms = visibility_seconds * 1000, retention_seconds * 1000
        self.delay_ms = delay_seconds * 1000
        self.held: dict[str, Held] = {}
        self.purged_at_ms: int | None = None
        create(
            self.store,
            self.now_ms,
            VisibilityTimeout=visibility_seconds,
            MessageRetentionPeriod=retention_seconds,
            DelaySeconds=delay_seconds,
        )

    @rule(target=sent, delay_ms=st.sampled_from([None, 0, 1, 999, 1_000, 15_000]), body=st.text(max_size=5))
    def send(self, delay_ms: int | None, body: str) -> Outgoing:
        one = outgoing(self.now_ms, body, delay_ms=delay_ms)
        self._send(one)
        return one

    @rule(one=sent)
    def send_again(self, one: Outgoing) -> None:
        if one.message.message_id in self.held:
            self._send(one)

    def _send(self, one: Outgoing) -> None:
        assert self.store.messages.send(QUEUE, self.now_ms, [one]).is_too_long == (False,)
        delay_ms = self.delay_ms if one.delay_ms is None else one.delay_ms
        self.held.setdefault(one.message.message_id, Held(one.message.sent_at_ms, self.now_ms + delay_ms))

    @rule(ms=st.sampled_from([1, 500, 999, 1_000, 5_000, 29_999, 30_000, 60_000]))
    def let_time_pass(self, ms: int) -> None:
        self.now_ms += ms

    @rule(target=claimed, most=st.integers(1, 4), lease_ms=st.sampled_from([0, 1, 5_000, 40_000]))
    def claim(self, most: int, lease_ms: int) -> object:
        taken = self.store.messages.claim(QUEUE, self.now_ms, most=most, lease_ms=lease_ms, most_bytes=NO_BOUND)
        due = sorted((held.due_at_ms, key) for key, held in self.held.items() if held.due_at_ms <= self.now_ms)
        expected: list[str] = []
        for _, key in due:
            if len(expected) == most:
                break
            if self.held[key].sent_at_ms + self.retention_ms <= self.now_ms:
                del self.held[key]
            else:
                expected.append(key)
        assert [received.message.message_id for received in taken.messages] == expected
        for received in taken.messages:
            held = self.held[received.message.message_id]
            held.count += 1
            held.first_received_at_ms = held.first_received_at_ms or self.now_ms
            held.due_at_ms = held.leased_until_ms = self.now_ms + max(lease_ms, self.visibility_ms, 1)
            assert (received.receive_count, received.first_received_at_ms) == (held.count, held.first_received_at_ms)
        assert taken.next_due_at_ms == self._next_due_at_ms()
        return multiple(*taken.messages)

    @rule(
        received=st.lists(claimed, min_size=1, max_size=3, unique_by=lambda one: one.message.message_id),
        verdict=st.sampled_from(list(Verdict)),
        pause_ms=st.sampled_from([-5_000, 0, 700, 30_000]),
    )
    def settle(self, received: list[ReceivedMessage], verdict: Verdict, pause_ms: int) -> None:
        due_at_ms = self.now_ms + pause_ms
        outcome = [Settlement(one.message.message_id, one.receive_count, verdict, due_at_ms) for one in received]
        settled = self.store.messages.settle(QUEUE, self.now_ms, outcome)
        deleted = 0
        for one in received:
            key = one.message.message_id
            held = self.held.get(key)
            if held is None:
                continue
            if verdict is Verdict.DELETE:
                del self.held[key]
                deleted += 1
            elif held.count == one.receive_count:
                held.due_at_ms = max(due_at_ms, self.now_ms)
                held.leased_until_ms = held.due_at_ms if verdict is Verdict.RETRY else 0
                if verdict is Verdict.GIVE_BACK:
                    held.count -= 1
                    held.first_received_at_ms = held.first_received_at_ms if held.count else 0
        assert (settled.deleted, settled.next_due_at_ms) == (deleted, self._next_due_at_ms())

    @rule()
    def purge(self) -> None:
        if self.purged_at_ms is not None and self.now_ms - self.purged_at_ms < 60_000:
            with pytest.raises(PurgeQueueInProgress):
                self.store.messages.purge(QUEUE, self.now_ms)
            return
        assert self.store.messages.purge(QUEUE, self.now_ms) == len(self.held)
        self.held.clear()
        self.purged_at_ms = self.now_ms

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "held"):
            return
        state = self.store.queues.describe(QUEUE, self.now_ms)
        ready = sum(held.due_at_ms <= self.now_ms for held in self.held.values())
        leased = sum(held.leased_until_ms > self.now_ms for held in self.held.values())
        assert (state.ready, state.leased, state.delayed) == (ready, leased, len(self.held) - ready - leased)
        assert state.next_due_at_ms == self._next_due_at_ms()
        if not self.held:
            assert_no_leak(self.raw, QUEUE)

    def _next_due_at_ms(self) -> int | None:
        return min((held.due_at_ms for held in self.held.values()), default=None)


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with running_store(home) as url:
        yield url
    shutil.rmtree(home)


def test_the_store_behaves_as_a_standard_queue_does(model_url: str) -> None:
    raw = redis.Redis.from_url(model_url, decode_responses=True)

    class Machine(QueueMachine):
        store = Store.open(model_url, max_connections=1)

    Machine.raw = raw
    limits = settings(
        max_examples=120, stateful_step_count=40, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=limits)
    raw.close()
