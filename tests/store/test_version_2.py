"""FIFO queues that a karin with version 2 of the layout left: kept as a backup that it made, restored and upgraded.

What it sent, received, gave back, rescheduled and remembered is told at each test; ``NOW_MS`` is the instant of the
backup.
"""

import itertools
from pathlib import Path

import pytest
import redis

from karin.operations.backing_up import examine, restore
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.faults import StoreUnavailable
from karin.store.messages import Rescheduled, Verdict
from karin.store.schema import VERSION
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import ACCOUNT, assert_no_leak, bodies, claim, counts, outgoing, settlement

BACKUP = Path(__file__).with_name("layout_2.backup")
NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
QUEUES = ("line", "attempt", "slow", "moved", "groups", "kept")


@pytest.fixture(autouse=True)
def upgraded(store: Store, tmp_path: Path) -> None:
    """Restore the backup, which upgrades it."""
    header, _ = examine(BACKUP)
    assert header.schema == 2
    restore(Context.of(store, ManualClock(NOW_MS), Settings(home=tmp_path)), BACKUP, header)
    assert store.schema.check() == VERSION


def of(name: str) -> QueueId:
    return QueueId(ACCOUNT, f"{name}.fifo")


def drain(store: Store, queue: QueueId, at_ms: int) -> list[str]:
    """Receive and delete all of a queue; return the bodies in order."""
    received = []
    while taken := claim(store, at_ms, queue=queue).messages:
        received += bodies(taken)
        store.messages.settle(queue, at_ms, [settlement(one, Verdict.DELETE) for one in taken])
    return received


def test_each_group_goes_on_in_its_order_and_nothing_is_left_of_the_old_keys(store: Store, raw: redis.Redis) -> None:
    # Of forty messages a, the first is held for ten seconds, two are deleted; c00 was left by version 1.
    assert counts(store, NOW_MS, of("line")) == (42, 1, 0)
    first = drain(store, of("line"), NOW_MS)
    assert first == ["c00", "c01", "b00", "b01", "b02"]
    rest = drain(store, of("line"), NOW_MS + 10_000)
    assert rest == [f"a{number:02}" for number in range(40) if number not in (1, 2)]
    assert store.queues.describe(of("line"), NOW_MS).held_bytes == 0
    for name in QUEUES:
        drain(store, of(name), NOW_MS + HOUR_MS)
        assert not raw.exists(keys.remembered_until(of(name)))
        raw.delete(keys.remembered(of(name)), keys.forgetting(of(name)))
    raw.delete(keys.SCHEMA)
    assert_no_leak(raw, *map(of, (*QUEUES, "empty")))


def test_a_message_is_found_settled_and_numbered_as_before(store: Store) -> None:
    page = store.views.messages(of("line"), NOW_MS, most=100)
    numbers = [one.message.sequence_number for one in page.messages]
    assert [one.message.body for one in page.messages[:3]] == ["a00", "a03", "a04"]
    assert (len(numbers), numbers[:2]) == (43, ["1" + f"{1:019}", "1" + f"{4:019}"])
    held = store.views.message(of("line"), NOW_MS, page.messages[0].message.message_id[:8])
    assert (held.message.sequence_number, held.due_at_ms, held.receive_count) == (numbers[0], NOW_MS + 10_000, 1)
    waiting = store.views.message(of("line"), NOW_MS, page.messages[-1].message.message_id)
    assert (waiting.message.body, waiting.due_at_ms) == ("c01", NOW_MS - 10_000)
    old = store.views.message(of("line"), NOW_MS, "11111111-2222")
    assert (old.message.body, old.due_at_ms) == ("c00", NOW_MS - 90_000)


def test_what_was_sent_is_remembered_for_the_rest_of_its_five_minutes(store: Store) -> None:
    line = of("line")
    for body in ("a00", "a01", "a39", "c00"):  # of which a01 is deleted, and c00 was sent by version 1
        for at_ms in (NOW_MS, NOW_MS + 59_999):
            again = outgoing(at_ms, "again", delay_ms=None, group_id="z", deduplication_id=body)
            assert store.messages.send(line, at_ms, [again]).fates[0].message_id != again.message.message_id
    later_ms = NOW_MS + 300_000
    new = outgoing(later_ms, "new", delay_ms=None, group_id="z", deduplication_id="a01")
    assert store.messages.send(line, later_ms, [new]).fates[0].message_id == new.message.message_id


def test_what_is_told_by_group_and_by_content_stays_so(store: Store) -> None:
    groups = of("groups")  # "a-same" was sent 290 s ago to group a, "a-past" 301 s ago
    for body, group, is_new in (("a-same", "a", False), ("a-same", "b", True), ("a-past", "a", True)):
        one = outgoing(NOW_MS, body, delay_ms=None, group_id=group)
        assert (store.messages.send(groups, NOW_MS, [one]).fates[0].message_id == one.message.message_id) is is_new


def test_a_receive_attempt_is_repeated(store: Store) -> None:
    taken = claim(store, NOW_MS, queue=of("attempt"), attempt_id="again").messages
    assert bodies(taken) == ["a1", "a2"]
    assert [one.receive_count for one in taken] == [1, 1]
    assert taken[1].message.sequence_number == "1" + f"{2:019}"
    settled = store.messages.settle(of("attempt"), NOW_MS, [settlement(one, Verdict.DELETE_HELD) for one in taken])
    assert [*settled.effects] == ["done", "done"]


def test_a_delay_holds_back_what_it_did_and_may_change(store: Store) -> None:
    slow = of("slow")  # a1 was sent 61 s ago, b1 and b2 half a minute; c1 was put off by 500 s
    assert counts(store, NOW_MS, slow) == (1, 0, 3)
    store.queues.set_attributes(slow, NOW_MS, {"DelaySeconds": "30"})
    assert counts(store, NOW_MS, slow) == (3, 0, 1)
    assert drain(store, slow, NOW_MS) == ["a1", "b1", "b2"]
    assert drain(store, slow, NOW_MS + 469_999) == []
    assert drain(store, slow, NOW_MS + 470_000) == ["c1"]


def test_what_a_person_put_off_waits(store: Store) -> None:
    moved = of("moved")  # a1 was put off by 500 s
    assert counts(store, NOW_MS, moved) == (1, 0, 1)
    assert drain(store, moved, NOW_MS) == ["b1"]
    (seen,) = store.views.messages(moved, NOW_MS, most=10).messages
    assert seen.due_at_ms == NOW_MS + 500_000
    assert store.messages.reschedule(moved, NOW_MS, seen, NOW_MS + 5_000) is Rescheduled.DONE
    assert drain(store, moved, NOW_MS + 5_000) == ["a1"]


def test_what_was_put_off_beyond_its_retention_is_kept_until_then(store: Store) -> None:
    kept = of("kept")  # a1 was put off by 500 s, where messages are retained for a minute
    assert counts(store, NOW_MS, kept) == (0, 0, 1)
    assert drain(store, kept, NOW_MS + 499_999) == []
    assert drain(store, kept, NOW_MS + 500_000) == ["a1"]


@pytest.mark.parametrize("at_once", [1, 2, 7])
def test_an_upgrade_that_was_broken_off_goes_on(
    store: Store, tmp_path: Path, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    header, _ = examine(BACKUP)
    context = Context.of(store, ManualClock(NOW_MS), Settings(home=tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr("karin.store.schema.UPGRADED_AT_ONCE", at_once)
        steps = itertools.count()
        call = store.schema._scripts.call

        def break_off(name: str, *arguments: object) -> object:
            if name == "upgrade_fifo" and next(steps) == 11:
                raise KeyboardInterrupt
            return call(name, *arguments)  # type: ignore[arg-type]

        patch.setattr(store.schema._scripts, "call", break_off)
        with pytest.raises(KeyboardInterrupt):
            restore(context, BACKUP, header)
    assert store.schema.check() == 2
    with pytest.raises(StoreUnavailable, match="an older karin wrote this FIFO queue"):
        claim(store, NOW_MS, queue=of("line"))
    store.schema.claim()
    test_what_was_sent_is_remembered_for_the_rest_of_its_five_minutes(store)
    raw.delete(*(part(of("line")) for part in (keys.remembered, keys.forgetting)))
    rest = drain(store, of("line"), NOW_MS + 310_000)
    assert [body for body in rest if body[0] == "a"] == [
        f"a{number:02}" for number in range(40) if number not in (1, 2)
    ]
