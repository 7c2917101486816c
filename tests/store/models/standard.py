"""A standard queue as a dictionary: any ready message may come, but each group has its turn."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.store.models.queue import Asked, Chosen, Fate, Held, Queue


@dataclass
class StandardQueue(Queue):
    """A queue whose messages stand in line one by one, those with a group behind one another in their group's place.

    A group that was served goes behind whatever else is due by then: its turn is that instant, or later when its next
    message is due later.
    """

    served_at_ms: dict[str, int] = field(default_factory=dict)

    def send(
        self,
        now_ms: int,
        message_id: str,
        *,
        kept_from_ms: int,
        group: str | None,
        delay_ms: int | None,
        receive_count: int = 0,
        first_received_at_ms: int = 0,
    ) -> None:
        """Store a message, unless it is there already.

        What comes from another queue brings along its receives, and the instant from which its retention counts.
        """
        if message_id in self.held:
            return
        delay_ms = self.delay_ms if delay_ms is None else delay_ms
        due_at_ms = now_ms + delay_ms
        if delay_ms >= self.retention_ms:  # else it is lost before it is due
            kept_from_ms = due_at_ms
        self.held[message_id] = Held(group, kept_from_ms, due_at_ms, 0, receive_count, first_received_at_ms)

    def claim(self, now_ms: int, asked: Asked, chosen: Chosen) -> None:
        """Check what a claim did, and do it."""
        ready = {id_ for id_ in self.held if self.due_at(id_) <= now_ms}
        self.check_fates(ready, now_ms, asked, chosen)
        if {self.fate(id_, now_ms, asked) for id_ in ready} == {Fate.TAKEN}:
            self.check_turns(ready, now_ms, chosen.taken)
        if not any(held.group for held in self.held.values()):
            self.check_due_order(ready, chosen)
        for id_ in (*chosen.taken, *chosen.dead):
            self._note_turn(id_, now_ms)
        self.take(now_ms, asked, chosen)

    def check_turns(self, ready: Iterable[str], now_ms: int, taken: list[str]) -> None:
        """Check that messages were taken in turn: no group got a second one before whatever was due until now."""
        waiting = {*ready}
        turns = dict(self.served_at_ms)
        for id_ in taken:
            earliest: dict[str, int] = {}
            for other in waiting:
                place = self._place(other)
                earliest[place] = min(self.due_at(other), earliest.get(place, now_ms))
            place = self._place(id_)
            turn_of = {other: max(due_at_ms, turns.get(other, 0)) for other, due_at_ms in earliest.items()}
            assert self.due_at(id_) == earliest[place], "a group yields its messages in due order"
            assert turn_of[place] == min(turn_of.values()), "what is due longest has its turn first"
            turns[place] = now_ms
            waiting.remove(id_)

    def check_due_order(self, ready: Iterable[str], chosen: Chosen) -> None:
        """Check that messages without groups were taken in the order in which they were due."""
        left = min((self.due_at(id_) for id_ in ready if id_ not in chosen.all), default=None)
        for ids in (chosen.taken, chosen.dead):
            instants = [self.due_at(id_) for id_ in ids]
            assert instants == sorted(instants)
            assert left is None or not instants or instants[-1] <= left

    def turns(self) -> dict[str, int]:
        """Return each group's lane with the instant at which its turn comes."""
        found: dict[str, int] = {}
        for id_, held in self.held.items():
            if held.group:
                lane = f"{held.group}\0"
                found[lane] = min(self.due_at(id_), found.get(lane, self.due_at(id_)))
        return {lane: max(due_at_ms, self.served_at_ms.get(lane[:-1], 0)) for lane, due_at_ms in found.items()}

    def _place(self, message_id: str) -> str:
        """Return what a message stands in line with: its group, or itself."""
        return self.held[message_id].group or message_id

    def _note_turn(self, message_id: str, now_ms: int) -> None:
        """Send a group behind the others, even if it had only what is dead; what expired does not cost its turn."""
        if group := self.held[message_id].group:
            self.served_at_ms[group] = now_ms
