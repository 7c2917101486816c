"""FIFO queues against a model: whatever is sent, claimed, settled and purged, in whatever order, both agree."""

import pytest

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.fifo import content_deduplication_id
from karin.store.ids import read_id
from karin.store.messages import Fate, Outgoing
from karin.store.rows import Entry, entries_of
from karin.store.scripts import SCRIPTS
from tests.store.dead_letters import DEAD_FIFO
from tests.store.machine import SECOND_MS, Machine, as_stored, run_histories
from tests.store.models.fifo import FifoQueue
from tests.store.models.queue import Asked, Chosen, Held
from tests.store.steps import New, Start
from tests.store.support import FIFO, outgoing

GROUPS = "aab"
MOST_IN_ROW = 16
ENTRY_BYTES = 29  # with an id of today


def row_of(row: str) -> tuple[str, list[Entry]]:
    """Return the group of a row of the order, and what it has of it."""
    group, _, entries = as_stored(row).partition(b"\0")
    return group.decode(), [*entries_of(entries)]


class FifoMachine(Machine[FifoQueue]):
    """Does the same to a real FIFO queue and to a dictionary."""

    queues = (FIFO, DEAD_FIFO)

    def attributes_of_its_type(self) -> dict[str, object]:
        return {
            "ContentBasedDeduplication": str(self.start.is_by_content).lower(),
            "DeduplicationScope": "messageGroup" if self.start.is_by_group else "queue",
        }

    def new_model(self, start: Start) -> FifoQueue:
        return FifoQueue(
            start.visibility * SECOND_MS,
            start.retention * SECOND_MS,
            0,
            is_by_content=start.is_by_content,
            is_by_group=start.is_by_group,
        )

    def outgoing(self, new: New) -> Outgoing:
        group = GROUPS[new.group % len(GROUPS)]
        if new.body is None:
            return outgoing(self.now_ms, group_id=group, deduplication_id=f"unique-{self.messages}")
        return outgoing(self.now_ms, new.body, group_id=group, deduplication_id=new.deduplication_id)

    def send_to(self, which: int, batch: list[Outgoing]) -> None:
        queue, model = self.queues[which], self.models[which]
        if not model.is_by_content and any(one.message.deduplication_id is None for one in batch):
            with pytest.raises(InvalidParameterValue):
                self.store.messages.send(queue, self.now_ms, batch)
            return
        sent = self.store.messages.send(queue, self.now_ms, batch)
        for one, fate in zip(batch, sent.fates, strict=True):
            message = one.message
            content_id, group = content_deduplication_id(message.body), message.group_id or ""
            first = model.first_of(self.now_ms, message.message_id, group, message.deduplication_id, content_id)
            if first is not None:
                assert fate == Fate(*first, is_too_long=False)
                continue
            assert fate.sequence_number is not None
            assert fate == Fate(message.message_id, fate.sequence_number, is_too_long=False)
            model.send(
                self.now_ms,
                message.message_id,
                fate.sequence_number,
                group=group,
                given_id=message.deduplication_id,
                content_id=content_id,
                receive_count=one.receive_count,
                first_received_at_ms=one.first_received_at_ms,
            )

    def claim_in_model(self, model: FifoQueue, asked: Asked, chosen: Chosen) -> int:
        return model.claim(self.now_ms, asked, chosen)

    def sent_at_ms(self, _model: FifoQueue, held: Held) -> int:
        """Return when a message was sent that was never received, as the order has it."""
        return held.kept_from_ms

    def check_order(self, model: FifoQueue, order: list[str], waiting: dict[str, int]) -> None:
        """Check that the rows have each group's messages in their order, and none is empty or too long."""
        found: dict[str, list[tuple[str | None, str]]] = {}
        for row in order:
            group, entries = row_of(row)
            assert 0 < len(entries) <= MOST_IN_ROW
            for one in entries:
                id_ = read_id(one.id)
                found.setdefault(group, []).append((one.sequence_number, id_))
                assert one.sent_at_ms == waiting.get(id_, one.sent_at_ms)
        assert found == {
            group: [(model.held[id_].sequence_number, id_) for id_ in ids] for group, ids in model.groups().items()
        }

    def check_keys(
        self, model: FifoQueue, due: dict[str, int], leased: dict[str, int], order: list[str], **others: dict[str, int]
    ) -> None:
        waiting = {id_: self.sent_at_ms(model, held) for id_, held in model.held.items() if held.due_at_ms is None}
        self.check_order(model, order, waiting)
        delayed = {id_: at_ms for id_, at_ms in waiting.items() if at_ms + model.delay_ms > self.now_ms}
        assert delayed.items() <= others["arrivals"].items() <= waiting.items()
        assert leased == {id_: held.due_at_ms for id_, held in model.held.items() if id_ not in waiting}
        groups = model.groups()
        assert {*due} == {f"{group}\0" for group in groups}
        for group, ids in groups.items():
            first_ms, turn_ms = model.due_at(ids[0]), due[f"{group}\0"]
            assert first_ms <= turn_ms <= max(first_ms, self.now_ms)
        assert not others["grouped"]
        assert not others["lanes"]


@pytest.mark.timeout(360)  # it takes a while to shorten a history that fails
@pytest.mark.parametrize("most_in_row", [2, MOST_IN_ROW])
def test_the_store_behaves_as_a_fifo_queue_does(most_in_row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, short = (f" {ENTRY_BYTES * most}, " for most in (MOST_IN_ROW, most_in_row))
    assert whole in SCRIPTS["send_fifo"]
    monkeypatch.setitem(SCRIPTS, "send_fifo", SCRIPTS["send_fifo"].replace(whole, short))
    run_histories(FifoMachine, examples=15)
