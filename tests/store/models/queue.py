"""What the models of both types of queue share: dictionaries that say what SQS promises of a queue.

A model knows no clock and nothing of how karin keeps the promise. Where SQS leaves a choice, such as which of the ready
messages a claim takes, the model is told what was chosen and checks that it was among the choices. Instants and
durations are in milliseconds.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from karin.store.messages import Effect, Settlement, Verdict

DEAD_LEASE_MS = 10_000  # at least, for whoever moves the dead


@dataclass
class Held:
    """A message that a queue holds."""

    group: str | None
    kept_from_ms: int  # its retention counts from here
    due_at_ms: int | None  # None, in FIFO queues: never received here, so that the queue's delay alone decides
    leased_until_ms: int = 0
    receive_count: int = 0
    first_received_at_ms: int = 0
    sequence_number: str | None = None  # only in FIFO queues
    is_set: bool = False  # its receiver said itself when it is due, which stands until the next receive


@dataclass(frozen=True)
class Asked:
    """What a claim asks for; the lease as it results from visibility timeout and floor."""

    most: int
    lease_ms: int
    counts: bool = True
    at_most_one: bool = False  # because its bound of bytes leaves no place for a second message
    attempt_id: str = ""


@dataclass(frozen=True)
class Chosen:
    """What a claim did: took to deliver, took to be moved as dead, dropped because it had expired."""

    taken: list[str]
    dead: list[str]
    dropped: set[str]

    @property
    def all(self) -> set[str]:
        """Return the messages that the claim touched."""
        return {*self.taken, *self.dead, *self.dropped}

    def fills(self, asked: Asked) -> bool:
        """Tell whether the claim had a reason to leave something ready behind."""
        in_all = len(self.taken) + len(self.dead)
        return asked.most in (len(self.taken), len(self.dead)) or (asked.at_most_one and in_all == 1)


class Fate(Enum):
    """What becomes of a ready message that a claim comes to."""

    TAKEN = "taken"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass
class Queue:
    """The attributes and the messages of a queue, the latter in the order in which they arrived."""

    visibility_ms: int
    retention_ms: int
    delay_ms: int
    max_receive_count: int | None = None
    held: dict[str, Held] = field(default_factory=dict)

    needs_lease: ClassVar[frozenset[Verdict]] = frozenset()
    """Verdicts that come too late once the lease has run out, though nobody received the message since."""

    is_delayed_when_given_back: ClassVar[bool] = True
    """Whether a message that was given back and is hidden still counts as delayed, not as in flight."""

    def due_at(self, message_id: str) -> int:
        """Return the instant at which a message may be received, were it not for others of its group."""
        due_at_ms = self.held[message_id].due_at_ms
        assert due_at_ms is not None
        return due_at_ms

    def ends_at(self, message_id: str) -> int:
        """Return the instant at which a message's retention is over."""
        return self.held[message_id].kept_from_ms + self.retention_ms

    def earliest(self) -> int | None:
        """Return the first instant at which anything may be received, None when there is nothing."""
        return min(map(self.due_at, self.held), default=None)

    def counts(self, now_ms: int) -> tuple[int, int, int]:
        """Return how many messages are ready, leased and delayed; the expired count until a claim drops them."""
        hidden = [held for id_, held in self.held.items() if self.due_at(id_) > now_ms]
        leased = sum(held.leased_until_ms > now_ms for held in hidden)
        return len(self.held) - len(hidden), leased, len(hidden) - leased

    def fate(self, message_id: str, now_ms: int, asked: Asked) -> Fate:
        """Return what a claim has to do with a ready message once it comes to it."""
        if self.ends_at(message_id) <= now_ms:
            return Fate.DROPPED
        limit = self.max_receive_count if asked.counts else None
        return Fate.DEAD if limit is not None and self.held[message_id].receive_count >= limit else Fate.TAKEN

    def check_fates(self, ready: Collection[str], now_ms: int, asked: Asked, chosen: Chosen) -> None:
        """Check that a claim did with each message what its fate is, and took as many as it might."""
        assert len(chosen.taken) == len({*chosen.taken}) <= asked.most
        assert len(chosen.dead) == len({*chosen.dead}) <= asked.most
        assert not asked.at_most_one or len(chosen.taken) + len(chosen.dead) <= 1
        fates = {id_: self.fate(id_, now_ms, asked) for id_ in ready}
        for fate, ids in (
            (Fate.TAKEN, chosen.taken),
            (Fate.DEAD, chosen.dead),
            (Fate.DROPPED, chosen.dropped),
        ):
            assert {*ids} <= {id_ for id_ in ready if fates[id_] is fate}, fate
        left = {*ready} - chosen.all
        assert not left or chosen.fills(asked)
        if left and len(chosen.taken) < asked.most and not asked.at_most_one:
            assert Fate.DEAD in {fates[id_] for id_ in left}, "only one dead message too many ends a claim early"

    def take(self, now_ms: int, asked: Asked, chosen: Chosen) -> None:
        """Lease what a claim took, dead or not, count the receives, and forget what it dropped."""
        for id_ in chosen.dropped:
            del self.held[id_]
        for id_ in chosen.dead:
            self.hide(id_, now_ms + max(asked.lease_ms, DEAD_LEASE_MS))
        for id_ in chosen.taken:
            self.hide(id_, now_ms + asked.lease_ms)
            held = self.held[id_]
            held.is_set = False
            if asked.counts:
                held.receive_count += 1
                held.first_received_at_ms = held.first_received_at_ms or now_ms

    def hide(self, message_id: str, until_ms: int) -> None:
        """Lease a message until an instant."""
        self.held[message_id].due_at_ms = self.held[message_id].leased_until_ms = until_ms

    def settle(self, now_ms: int, settlement: Settlement) -> Effect:
        """Carry out the verdict of one receive, which its count tells from others."""
        receipt, verdict = settlement.receipt, settlement.verdict
        held = self.held.get(receipt.message_id)
        if held is None:
            return Effect.GONE
        is_too_late = verdict in self.needs_lease and held.leased_until_ms <= now_ms
        if verdict is not Verdict.DELETE and (held.receive_count != receipt.receive_count or is_too_late):
            return Effect.LOST
        if verdict in (Verdict.DELETE, Verdict.DELETE_HELD):
            del self.held[receipt.message_id]
            return Effect.DONE
        if held.is_set and verdict in (Verdict.HOLD, Verdict.RETRY):
            return Effect.DONE
        lasting_ms = held.leased_until_ms if verdict is Verdict.HOLD else 0
        self.hide(receipt.message_id, max(settlement.due_at_ms, lasting_ms, now_ms))
        held.is_set = verdict is Verdict.EXTEND and held.receive_count > 0
        if verdict is Verdict.GIVE_BACK:
            held.receive_count = max(held.receive_count - 1, 0)
            held.first_received_at_ms = held.first_received_at_ms if held.receive_count else 0
            held.leased_until_ms = 0 if self.is_delayed_when_given_back else held.leased_until_ms
        return Effect.DONE

    def purge(self) -> int:
        """Remove all messages and return how many."""
        removed = len(self.held)
        self.held.clear()
        return removed
