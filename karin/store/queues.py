"""Commands on queues themselves: their existence, attributes, tags and names, and who names whom for dead letters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from karin.sqs.errors import QueueDeletedRecently, QueueNameExists
from karin.sqs.limits import RECREATE_INTERVAL_MS, TAGS
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import throughput_needs_scope
from karin.sqs.quotas import BYTES_BESIDE, FIFO_BYTES_BESIDE, bytes_beside
from karin.sqs.redrive import read_redrive_policy
from karin.sqs.tags import too_many_tags
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.scripts import Argument, Scripts, optional_instant, require_queue

TAG_FIELD = "tag:"
TAG_SET = "="  # before every tag's value: that may be empty, and an empty field means that there is none
QUEUES_AT_ONCE = 100  # that one survey tells of
DONE_MINUTES = 30  # that a survey tells of; an hour is kept
_END = "\U0010ffff"  # sorts after every character of a queue's name


class QueueState(msgspec.Struct, frozen=True):
    """A queue at one instant: its stored attributes and tags, and its messages counted by state.

    ``held_bytes`` is what its messages take in the store, as its limit counts. ``oldest_sent_at_ms`` is when the
    message was sent that is first in line, ``done`` how many were deleted in each of the last minutes, the current one
    last; both are told by a survey alone.
    """

    queue: QueueId
    attributes: dict[str, str]
    tags: dict[str, str]
    created_at_ms: int
    modified_at_ms: int
    ready: int
    leased: int
    delayed: int
    next_due_at_ms: int | None
    held_bytes: int = 0
    oldest_sent_at_ms: int | None = None
    done: tuple[int, ...] = ()


class Weighed(msgspec.Struct, frozen=True):
    """What queues hold, by name; the names of all; and a node's memory in bytes, 0 when nobody knows a bound."""

    held_bytes: dict[QueueId, int]
    names: tuple[QueueId, ...]
    most_memory: int
    nodes: int = 1


class QueueCommands:
    """Creates, changes, describes, lists and deletes queues; every method may raise StoreUnavailable."""

    def __init__(self, client: Client, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def create(
        self,
        queue: QueueId,
        now_ms: int,
        given: Mapping[str, str],
        defaults: Mapping[str, str],
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Create a queue and tell whether it is new; an equal one is left alone: only what is ``given`` is compared.

        Two commands, because the list of names lives in a slot of its own: the queue first, then its name, so that a
        crash between leaves a queue which the next CreateQueue lists. One more when the queue has a dead-letter queue,
        which keeps a list of its sources. Raises QueueNameExists, QueueDeletedRecently.
        """
        given_fields = dict(given) | _tag_fields(tags or {})
        target, redrive_fields = _redrive(queue, given.get("RedrivePolicy") or defaults.get("RedrivePolicy", ""))
        others = dict(defaults) | redrive_fields
        args: list[Argument] = [now_ms, RECREATE_INTERVAL_MS, len(given_fields), *_flat(given_fields), *_flat(others)]
        self._add_source(target, queue)
        status, reply = self._scripts.call("create_queue", [keys.queue(queue), keys.tombstone(queue)], args)
        named = _target_of(reply)
        self._drop_source(queue, {target, named} - {target if status == "created" else named})
        if status == "deleted_recently":
            raise QueueDeletedRecently
        if status == "differs":
            field = reply[1].decode()
            name = "tags" if field.startswith(TAG_FIELD) else f"attribute {field}"
            raise QueueNameExists(f"A queue already exists with the same name and a different value for {name}")
        with store_errors():
            self._client.zadd(keys.QUEUES, {str(queue): 0})
        return status == "created"

    def delete(self, queue: QueueId, now_ms: int) -> None:
        """Delete a queue with its messages, then its name; raises QueueDoesNotExist."""
        status, reply = self._scripts.call(
            "delete_queue",
            [
                *(keys.queue(queue), keys.tombstone(queue), *keys.of_messages(queue), *keys.of_calls(queue)),
                *(keys.move(queue), keys.moves(queue)),
            ],
            [now_ms, RECREATE_INTERVAL_MS],
        )
        with store_errors():
            self._client.zrem(keys.QUEUES, str(queue))
        self._drop_source(queue, {_target_of(reply)})
        require_queue(status)

    def set_attributes(self, queue: QueueId, now_ms: int, changes: Mapping[str, str]) -> None:
        """Change attributes; an empty value removes one.

        One command, and one more for each dead-letter queue that gains or loses a source. Raises QueueDoesNotExist, and
        InvalidAttributeValue when the queue's deduplication scope and throughput limit would contradict each other.
        """
        changed, target = dict(changes), None
        if "RedrivePolicy" in changes:
            target, redrive_fields = _redrive(queue, changes["RedrivePolicy"])
            changed |= redrive_fields
        parts = (keys.queue, keys.due, keys.leased, keys.arrivals, keys.order)
        self._add_source(target, queue)
        status, reply = self._scripts.call(
            "set_queue_attributes",
            [part(queue) for part in parts],
            [now_ms, str(queue), keys.WAKES, *_flat(changed)],
        )
        named_before = _target_of(reply)
        is_moved = status == "ok" and "RedrivePolicy" in changes
        self._drop_source(queue, {target, named_before} - {target if is_moved else named_before})
        require_queue(status)
        if status == "throughput_needs_scope":
            raise throughput_needs_scope()

    def tag(self, queue: QueueId, tags: Mapping[str, str]) -> None:
        """Add tags, or give those that are there another value; raises QueueDoesNotExist, InvalidParameterValue."""
        self._change_tags(queue, _tag_fields(tags))

    def untag(self, queue: QueueId, tag_keys: Iterable[str]) -> None:
        """Remove the tags of these keys, as far as they are there; raises QueueDoesNotExist."""
        self._change_tags(queue, dict.fromkeys((TAG_FIELD + key for key in tag_keys), ""))

    def sources(self, queue: QueueId, *, after: str = "", most: int = -1) -> list[QueueId]:
        """Return the queues whose redrive policy names a queue, in order of name; in one command.

        ``after`` is the last name of the page before, ``most`` bounds the page (-1: all of them). After a crash one may
        be told that names it no more. Raises QueueDoesNotExist.
        """
        low = f"({queue.account}/{after}" if after else "-"
        status, reply = self._scripts.call("list_sources", [keys.queue(queue), keys.sources(queue)], [low, most])
        require_queue(status)
        return [QueueId.parse(name.decode()) for name in reply]

    def has_sources(self, queue: QueueId) -> bool:
        """Tell whether any queue's redrive policy names a queue, which need not exist."""
        with store_errors():
            return bool(self._client.exists(keys.sources(queue)))

    def describe(self, queue: QueueId, now_ms: int) -> QueueState:
        """Return a queue's attributes and counts in one command; raises QueueDoesNotExist."""
        status, reply = self._scripts.call("describe_queue", [keys.queue(queue), *keys.of_messages(queue)], [now_ms])
        require_queue(status)
        ready, leased, delayed, next_due_at_ms, *fields = reply
        return _state(queue, (ready, leased, delayed), next_due_at_ms, fields)

    @property
    def surveyed_at_once(self) -> int:
        """Return of how many queues one command tells in a survey."""
        return 1 if self._scripts.is_split else QUEUES_AT_ONCE

    def survey(self, queues: Sequence[QueueId], now_ms: int) -> list[QueueState]:
        """Return queues with their counts, the age of the first in line, and what was deleted in the last half hour.

        One command for every QUEUES_AT_ONCE queues, on a cluster for each; those that do not exist are left out.
        """
        states: list[QueueState] = []
        for some in self._scripts.together(queues, self.surveyed_at_once):
            _, replies = self._scripts.call("survey", [key for queue in some for key in _surveyed(queue)], [now_ms])
            for queue, reply in zip(some, replies, strict=True):
                if reply:
                    *counts, next_due_at_ms, oldest_sent_at_ms, done, fields = reply
                    state = _state(queue, counts, next_due_at_ms, fields)
                    states.append(
                        msgspec.structs.replace(
                            state,
                            oldest_sent_at_ms=optional_instant(oldest_sent_at_ms),
                            done=_last_minutes(done, now_ms),
                        )
                    )
        return states

    def weigh(self, queues: Sequence[QueueId]) -> Weighed:
        """Return what queues hold, all names and the store's memory, in one command.

        On a cluster it is one for each queue and one for the names, whose node is taken to have as much memory as any.
        """
        first, *others = [queues] if not self._scripts.is_split else [[], *([queue] for queue in queues)]
        weighed = self._weigh(first, named=True)
        for some in others:
            weighed.held_bytes.update(self._weigh(some, named=False).held_bytes)
        return weighed

    def _weigh(self, queues: Sequence[QueueId], *, named: bool) -> Weighed:
        taken_keys = [key for queue in queues for key in (keys.queue(queue), keys.messages(queue))]
        args: list[Argument] = [BYTES_BESIDE, FIFO_BYTES_BESIDE, int(named)]
        _, (most_memory, names, *held) = self._scripts.call("weigh", [keys.QUEUES] * named + taken_keys, args)
        return Weighed(
            dict(zip(queues, held, strict=True)),
            tuple(QueueId.parse(name.decode()) for name in names),
            max(most_memory, 0),
            self._scripts.parts,
        )

    def names(self, account: str | None = None, prefix: str = "", *, after: str = "", most: int = -1) -> list[QueueId]:
        """Return queues in order of name, those of one account with a prefix, or all; in one command.

        ``after`` is the last name of the page before, ``most`` bounds the page (-1: all of them).
        """
        if account is None:
            low, high = "-", "+"
        else:
            low = f"({account}/{after}" if after else f"[{account}/{prefix}"
            high = f"[{account}/{prefix}{_END}"
        with store_errors():
            found: list[Any] = self._client.zrangebylex(keys.QUEUES, low, high, start=0, num=most)
        return [QueueId.parse(name.decode()) for name in found]

    def _change_tags(self, queue: QueueId, fields: Mapping[str, str]) -> None:
        status, _ = self._scripts.call("tag_queue", [keys.queue(queue)], [TAGS, TAG_FIELD, *_flat(fields)])
        require_queue(status)
        if status == "too_many":
            raise too_many_tags(queue.name)

    def _add_source(self, target: QueueId | None, source: QueueId) -> None:
        """List a source before its policy is written: a crash between the two lists one too many, never one too few."""
        if target is not None:
            with store_errors():
                self._client.zadd(keys.sources(target), {str(source): 0})

    def _drop_source(self, source: QueueId, targets: Iterable[QueueId | None]) -> None:
        """Take a source off the lists of queues that its policy, as it is written now, does not name."""
        for target in targets:
            if target is not None:
                with store_errors():
                    self._client.zrem(keys.sources(target), str(source))


def _state(queue: QueueId, counts: Sequence[int], next_due_at_ms: int, fields: list[bytes]) -> QueueState:
    """Return a queue as a script told of it: ready, leased and delayed, and its hash as pairs."""
    ready, leased, delayed = counts
    stored = {name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)}
    return QueueState(
        queue=queue,
        attributes={name: value for name, value in stored.items() if name[0].isupper()},
        tags={
            name.removeprefix(TAG_FIELD): value.removeprefix(TAG_SET)
            for name, value in stored.items()
            if name.startswith(TAG_FIELD)
        },
        created_at_ms=int(stored["created_at_ms"]),
        modified_at_ms=int(stored["modified_at_ms"]),
        ready=ready,
        leased=leased,
        delayed=delayed,
        next_due_at_ms=optional_instant(next_due_at_ms),
        held_bytes=int(stored.get(keys.STORED_BYTES, 0)) + (ready + leased + delayed) * bytes_beside(queue),
    )


def _surveyed(queue: QueueId) -> list[str]:
    due, messages, _, leased, *others = keys.of_messages(queue)
    return [keys.queue(queue), due, messages, leased, *others[:3], keys.done(queue)]


def _last_minutes(done: list[bytes], now_ms: int) -> tuple[int, ...]:
    """Return how many messages were deleted in each of the last minutes, the current one last."""
    pairs = (value.decode().split() for value in done[1::2])
    counts = {int(minute): int(count) for minute, count in pairs}
    minute = now_ms // 60_000
    return tuple(counts.get(minute - ago, 0) for ago in reversed(range(DONE_MINUTES)))


def _tag_fields(tags: Mapping[str, str]) -> dict[str, str]:
    return {TAG_FIELD + key: TAG_SET + value for key, value in tags.items()}


def _redrive(queue: QueueId, policy: str) -> tuple[QueueId | None, dict[str, str]]:
    """Return the dead-letter queue of a redrive policy, None without one, and what a queue keeps of it for scripts."""
    target, count = read_redrive_policy(policy) if policy else (queue, 0)
    if target == queue:  # AWS accepts that, and moves nothing
        return None, {"max_receive_count": "", "dead_letter_target": ""}
    return target, {"max_receive_count": str(count), "dead_letter_target": str(target)}


def _target_of(reply: list[Any]) -> QueueId | None:
    """Return the dead-letter queue with which a script's reply begins, None when it tells of none."""
    return QueueId.parse(reply[0].decode()) if reply and reply[0] else None


def _flat(pairs: Mapping[str, str]) -> list[str]:
    return [text for pair in pairs.items() for text in pair]
