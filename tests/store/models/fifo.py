"""A FIFO queue as a dictionary: each group in its order, each message once, and an attempt that may be repeated."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from karin.store.messages import Effect, Settlement, Verdict
from tests.store.models.queue import Asked, Chosen, Fate, Held, Queue

REMEMBERED_MS = 5 * 60_000  # deduplication ids from the first send, attempts from the first receive


@dataclass
class First:
    """The message that was sent with a deduplication id first; it may be gone by now."""

    message_id: str
    sequence_number: str
    sent_at_ms: int


@dataclass
class Attempt:
    """What a receive with a ReceiveRequestAttemptId took, each message with its count, and until when."""

    received_at_ms: int
    leased_until_ms: int
    taken: dict[str, int]


@dataclass
class FifoQueue(Queue):
    """A queue whose groups each yield from their first message on, up to the first that is hidden."""

    is_by_content: bool = False
    is_by_group: bool = False
    last_number: int = 0
    firsts: dict[tuple[str | None, str], First] = field(default_factory=dict)  # scope, deduplication id
    attempts: dict[str, Attempt] = field(default_factory=dict)

    needs_lease = frozenset({Verdict.DELETE_HELD, Verdict.EXTEND, Verdict.HOLD})
    is_delayed_when_given_back = False

    def due_at(self, message_id: str) -> int:
        """Return when a message may be received: the queue's delay holds only for those never received."""
        held = self.held[message_id]
        return held.kept_from_ms + self.delay_ms if held.due_at_ms is None else held.due_at_ms

    def ends_at(self, message_id: str) -> int:
        """Return the end of a message's retention, which begins later when the delay alone would use it up."""
        return super().ends_at(message_id) + (self.delay_ms if self.delay_ms >= self.retention_ms else 0)

    def earliest(self) -> int | None:
        """Return when the first group yields something."""
        return min((self.due_at(ids[0]) for ids in self.groups().values()), default=None)

    def groups(self) -> dict[str, list[str]]:
        """Return the messages of each group in their order."""
        found: dict[str, list[str]] = {}
        for id_, held in self.held.items():
            found.setdefault(held.group or "", []).append(id_)
        return found

    def first_of(
        self, now_ms: int, message_id: str, group: str, given_id: str | None, content_id: str
    ) -> tuple[str, str | None] | None:
        """Return id and sequence number of the message that this one repeats, None when it is new.

        A message that is here still is not stored again either, though its deduplication id may be forgotten; nobody
        remembers its number then.
        """
        first = self.firsts.get(self._scoped(group, given_id, content_id))
        if first is not None and now_ms < first.sent_at_ms + REMEMBERED_MS:
            return first.message_id, first.sequence_number
        return (message_id, None) if message_id in self.held else None

    def send(
        self,
        now_ms: int,
        message_id: str,
        sequence_number: str,
        *,
        group: str,
        given_id: str | None,
        content_id: str,
        receive_count: int = 0,
        first_received_at_ms: int = 0,
    ) -> None:
        """Store a new message behind its group, with the number that it got, and remember that it was sent."""
        assert len(sequence_number) == 20
        assert int(sequence_number) > self.last_number
        self.last_number = int(sequence_number)
        self.firsts[self._scoped(group, given_id, content_id)] = First(message_id, sequence_number, now_ms)
        self.held[message_id] = Held(
            group, now_ms, None, 0, receive_count, first_received_at_ms, sequence_number=sequence_number
        )

    def _scoped(self, group: str, given_id: str | None, content_id: str) -> tuple[str | None, str]:
        return (group if self.is_by_group else None, given_id or content_id)

    def claim(self, now_ms: int, asked: Asked, chosen: Chosen) -> int:
        """Check what a claim did, and do it; return the instant that its receipts bear."""
        if (attempt := self._unchanged(now_ms, asked.attempt_id)) is not None:
            assert chosen == Chosen([*attempt.taken], [], set())
            attempt.leased_until_ms = now_ms + asked.lease_ms
            for id_ in attempt.taken:
                self.hide(id_, attempt.leased_until_ms)
            return attempt.received_at_ms
        runs = {group: [*self._run(ids, now_ms)] for group, ids in self.groups().items()}
        ready = [id_ for run in runs.values() for id_ in run]
        self.check_fates(ready, now_ms, asked, chosen)
        self.check_order(runs, chosen, now_ms, asked)
        self.take(now_ms, asked, chosen)
        if asked.attempt_id and chosen.taken:
            counts = {id_: self.held[id_].receive_count for id_ in chosen.taken}
            self.attempts[asked.attempt_id] = Attempt(now_ms, now_ms + asked.lease_ms, counts)
        return now_ms

    def check_order(self, runs: dict[str, list[str]], chosen: Chosen, now_ms: int, asked: Asked) -> None:
        """Check that each group yielded from its first message on, and that one was exhausted before the next."""
        unfinished: list[str] = []
        for run in runs.values():
            touched = [id_ for id_ in run if id_ in chosen.all]
            assert touched == run[: len(touched)], "a group yields from its first message on"
            if touched and len(touched) < len(run):
                unfinished += [run[len(touched)]]
        assert len(unfinished) <= 1, "one group yields as much as it can before the next"
        if unfinished and len(chosen.taken) < asked.most and not asked.at_most_one:
            assert self.fate(unfinished[0], now_ms, asked) is Fate.DEAD
        places = {id_: place for place, id_ in enumerate(self.held)}
        for ids in (chosen.taken, chosen.dead):
            blocks = [(group, [*block]) for group, block in groupby(ids, lambda id_: self.held[id_].group)]
            assert len(blocks) == len(dict(blocks)), "a claim does not come back to a group"
            assert all(block == sorted(block, key=places.__getitem__) for _, block in blocks)

    def _run(self, ids: Iterable[str], now_ms: int) -> Iterable[str]:
        """Yield a group's messages from the first on, up to the first that is hidden."""
        for id_ in ids:
            if self.due_at(id_) > now_ms:
                return
            yield id_

    def _unchanged(self, now_ms: int, attempt_id: str) -> Attempt | None:
        """Return an attempt whose messages are all held still, by that receive and until the same instant."""
        attempt = self.attempts.get(attempt_id)
        if attempt is None or attempt.received_at_ms + REMEMBERED_MS <= now_ms:
            return None
        for id_, receive_count in attempt.taken.items():
            held = self.held.get(id_)
            if held is None or held.receive_count != receive_count:
                return None
            if held.leased_until_ms != attempt.leased_until_ms or held.leased_until_ms <= now_ms:
                return None
        return attempt

    def settle(self, now_ms: int, settlement: Settlement) -> Effect:
        """Carry out a verdict; the receipt of an earlier message that had the same id is of no use."""
        held = self.held.get(settlement.receipt.message_id)
        if held is not None and held.sequence_number != settlement.receipt.sequence_number:
            return Effect.GONE
        return super().settle(now_ms, settlement)

    def purge(self) -> int:
        """Remove all messages, and the memory of what was sent and received; numbers go on rising."""
        self.firsts.clear()
        self.attempts.clear()
        return super().purge()
