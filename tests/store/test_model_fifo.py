"""FIFO queues against a model: whatever is sent, claimed, settled and purged, in whatever order, both agree."""

import pytest

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.fifo import content_deduplication_id
from karin.store.messages import Fate, Outgoing
from tests.store.dead_letters import DEAD_FIFO
from tests.store.machine import SECOND_MS, Machine, run_histories
from tests.store.models.fifo import FifoQueue
from tests.store.models.queue import Asked, Chosen
from tests.store.steps import New, Start
from tests.store.support import FIFO, outgoing

GROUPS = "aab"


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

    def check_keys(
        self, model: FifoQueue, due: dict[str, int], leased: dict[str, int], order: set[str], **others: dict[str, int]
    ) -> None:
        assert order == {f"{held.group}\0{held.sequence_number}{id_}" for id_, held in model.held.items()}
        waiting = {id_: held.kept_from_ms for id_, held in model.held.items() if held.due_at_ms is None}
        assert others["arrivals"] == waiting
        assert leased == {id_: held.due_at_ms for id_, held in model.held.items() if id_ not in waiting}
        groups = model.groups()
        assert {*due} == {f"{group}\0" for group in groups}
        for group, ids in groups.items():
            first_ms, turn_ms = model.due_at(ids[0]), due[f"{group}\0"]
            assert first_ms <= turn_ms <= max(first_ms, self.now_ms)
        assert not others["grouped"]
        assert not others["lanes"]


@pytest.mark.timeout(360)  # it takes a while to shorten a history that fails
def test_the_store_behaves_as_a_fifo_queue_does() -> None:
    run_histories(FifoMachine, examples=50)
