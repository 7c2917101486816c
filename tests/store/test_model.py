"""Standard queues against a model: whatever is sent, claimed, settled and purged, in whatever order, both agree."""

import pytest

from karin.store.messages import Fate, Outgoing
from tests.store.dead_letters import DEAD
from tests.store.machine import SECOND_MS, Machine, run_histories, spelt_out
from tests.store.models.queue import Asked, Chosen
from tests.store.models.standard import StandardQueue
from tests.store.steps import New, Start
from tests.store.support import QUEUE, outgoing


class StandardMachine(Machine[StandardQueue]):
    """Does the same to a real standard queue and to a dictionary."""

    queues = (QUEUE, DEAD)

    def new_model(self, start: Start) -> StandardQueue:
        return StandardQueue(start.visibility * SECOND_MS, start.retention * SECOND_MS, 0)

    def outgoing(self, new: New) -> Outgoing:
        groups = self.start.groups
        return outgoing(self.now_ms, delay_ms=new.delay_ms, group_id=groups[new.group % len(groups)])

    def send_to(self, which: int, batch: list[Outgoing]) -> None:
        sent = self.store.messages.send(self.queues[which], self.now_ms, batch)
        assert [*sent.fates] == [Fate(one.message.message_id, None, is_too_long=False) for one in batch]
        for one in batch:
            self.models[which].send(
                self.now_ms,
                one.message.message_id,
                kept_from_ms=one.message.retained_from_ms or one.message.sent_at_ms,
                group=one.message.group_id,
                delay_ms=one.delay_ms,
                receive_count=one.receive_count,
                first_received_at_ms=one.first_received_at_ms,
            )

    def claim_in_model(self, model: StandardQueue, asked: Asked, chosen: Chosen) -> int:
        model.claim(self.now_ms, asked, chosen)
        return self.now_ms

    def check_keys(
        self,
        model: StandardQueue,
        due: dict[str, int],
        leased: dict[str, int],
        order: list[str],
        **others: dict[str, int],
    ) -> None:
        grouped = {id_: model.due_at(id_) for id_, held in model.held.items() if held.group}
        assert others["grouped"] == grouped
        places = {f"{model.held[id_].group}\0{at_ms:013}{id_}" for id_, at_ms in grouped.items()}
        assert {*map(spelt_out, order)} == places
        assert others["lanes"] == model.turns()
        assert due == model.turns() | {id_: model.due_at(id_) for id_ in model.held if id_ not in grouped}
        lasting = {id_: held.leased_until_ms for id_, held in model.held.items() if held.leased_until_ms > self.now_ms}
        assert {id_: at_ms for id_, at_ms in leased.items() if at_ms > self.now_ms} == lasting
        assert {*leased} <= {*model.held}
        assert not others["arrivals"]


@pytest.mark.timeout(360)  # it takes a while to shorten a history that fails
def test_the_store_behaves_as_a_standard_queue_does() -> None:
    run_histories(StandardMachine, examples=25)
