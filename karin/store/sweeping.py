"""The sweep: one command that tells what a scheduler has to see to, and that the scheduler lives."""

from collections.abc import Sequence
from typing import Any

import msgspec

from karin.sqs.moves import ActiveMove
from karin.sqs.names import QueueId
from karin.sqs.quotas import bytes_beside
from karin.store import keys
from karin.store.faults import StoreUnavailable
from karin.store.moves import read_active
from karin.store.scripts import Argument, Scripts, optional_instant

FORGOTTEN_MS = 24 * 60 * 60 * 1000  # a scheduler that has not swept for a day is not listed any more
MOST_SURVEYED = 200  # queues: each takes the store up to 0.1 ms, and everyone waits meanwhile


class SurveyedQueue(msgspec.Struct, frozen=True):
    """A queue as a survey tells of it, counted by state; ``dead_letter_target`` is where its policy sends messages."""

    queue: QueueId
    ready: int
    leased: int
    delayed: int
    next_due_at_ms: int | None
    held_bytes: int
    dead_letter_target: QueueId | None


class Survey(msgspec.Struct, frozen=True):
    """The store at an instant, for those who watch it: the first MOST_SURVEYED ``names``, and what was asked of them.

    ``last_sweeps_ms`` are those of all schedulers. Of its memory a store may tell nothing, or that it has no limit:
    then that is None. Of a cluster it is that of the fullest node that was asked.
    """

    at_ms: int
    queue_count: int
    names: tuple[QueueId, ...]
    queues: tuple[SurveyedQueue, ...]
    last_sweeps_ms: tuple[int, ...]
    used_memory: int | None
    most_memory: int | None
    nodes: int = 1


class Swept(msgspec.Struct, frozen=True):
    """What a sweep found: each queue's next due instant in ms (None: it is empty), and the active move tasks.

    ``survey`` is there if it was asked for, ``last_sweeps`` are those of all schedulers, by their ids.
    """

    heads: dict[QueueId, int | None]
    moves: tuple[ActiveMove, ...]
    survey: Survey | None = None
    last_sweeps: dict[str, int] = {}


class Sweep:
    """Reads the truth that signals only hint at."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def sweep(
        self, queues: Sequence[QueueId], scheduler_id: str, now_ms: int, surveyed: Sequence[QueueId] | None = None
    ) -> Swept:
        """Return when the queues are due, and all move tasks, in one command; with ``surveyed`` a survey of these, too.

        On a cluster it is one command for each of them, and what a node keeps that is away is left out. Raises
        StoreUnavailable.
        """
        if not self._scripts.is_split:
            return self._part(_Part(True, True, True, queues, surveyed or ()), scheduler_id, now_ms, surveyed)
        parts = [_Part(has_schedulers=True), _Part(has_moving=True), *(_Part(heads=[queue]) for queue in queues)]
        if surveyed is not None:
            parts += [_Part(has_names=True), *(_Part(surveyed=[queue]) for queue in surveyed)]
        swept, failure = Swept({}, ()), None
        for part in parts:
            try:
                found = self._part(part, scheduler_id, now_ms, surveyed)
            except StoreUnavailable as error:
                failure = error
            else:
                survey = _merged(swept.survey, found.survey)
                sweeps = swept.last_sweeps | found.last_sweeps
                swept = Swept(swept.heads | found.heads, swept.moves + found.moves, survey, sweeps)
        if failure is not None and not swept.heads:
            raise failure
        return swept

    def _part(self, part: "_Part", scheduler_id: str, now_ms: int, surveyed: Sequence[QueueId] | None) -> Swept:
        listed = [keys.SCHEDULERS] * part.has_schedulers + [keys.MOVING] * part.has_moving
        listed += [keys.QUEUES] * part.has_names
        taken_keys = [
            *listed,
            *map(keys.due, part.heads),
            *(key for queue in part.surveyed for key in _surveyed(queue)),
        ]
        args: list[Argument] = [now_ms, scheduler_id, FORGOTTEN_MS]
        args += [int(part.has_schedulers), int(part.has_moving), int(part.has_names), len(part.heads)]
        args.append(-1 if surveyed is None else MOST_SURVEYED)
        _, (sweepers, count, *rest) = self._scripts.call("sweep", taken_keys, args)
        moves, heads = rest[: 2 * count], rest[2 * count : 2 * count + len(part.heads)]
        return Swept(
            {queue: optional_instant(head) for queue, head in zip(part.heads, heads, strict=True)},
            tuple(read_active(member, at_ms) for member, at_ms in zip(moves[::2], moves[1::2], strict=True)),
            None if surveyed is None else _survey(now_ms, part.surveyed, rest[-1], self._scripts.parts),
            {name.decode(): int(at_ms) for name, at_ms in zip(sweepers[::2], sweepers[1::2], strict=True)},
        )


class _Part(msgspec.Struct, frozen=True):
    """What one command tells: on a cluster one thing, else all."""

    has_schedulers: bool = False
    has_moving: bool = False
    has_names: bool = False
    heads: Sequence[QueueId] = ()
    surveyed: Sequence[QueueId] = ()


def _surveyed(queue: QueueId) -> list[str]:
    due, messages, _, leased, others, _, lanes, *_ = keys.of_messages(queue)
    return [keys.queue(queue), due, messages, leased, others, lanes]


def _survey(now_ms: int, surveyed: Sequence[QueueId], reply: list[Any], nodes: int) -> Survey:
    queue_count, names, last_sweeps, used_memory, most_memory, *told = reply
    return Survey(
        now_ms,
        queue_count,
        tuple(QueueId.parse(name.decode()) for name in names),
        tuple(_queue(queue, *one) for queue, one in zip(surveyed, told, strict=True) if one),
        tuple(int(at_ms) for at_ms in last_sweeps),
        optional_instant(used_memory),
        most_memory if most_memory > 0 else None,
        nodes,
    )


def _merged(before: Survey | None, found: Survey | None) -> Survey | None:
    """Return two parts of a survey as one; of their nodes' memories the one that is used most."""
    if before is None or found is None:
        return before or found
    fuller = max(before, found, key=lambda one: one.used_memory or 0)
    return Survey(
        before.at_ms,
        before.queue_count + found.queue_count,
        before.names + found.names,
        before.queues + found.queues,
        before.last_sweeps_ms + found.last_sweeps_ms,
        fuller.used_memory,
        fuller.most_memory,
        found.nodes,
    )


def _queue(
    queue: QueueId, ready: int, leased: int, delayed: int, next_due_at_ms: int, stored_bytes: int, target: bytes
) -> SurveyedQueue:
    return SurveyedQueue(
        queue,
        ready,
        leased,
        delayed,
        optional_instant(next_due_at_ms),
        stored_bytes + (ready + leased + delayed) * bytes_beside(queue),
        QueueId.parse(target.decode()) if target else None,
    )
