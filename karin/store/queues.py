"""Commands on queues themselves: their existence, attributes, tags and names, and who names whom for dead letters."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from karin.sqs.errors import QueueDeletedRecently, QueueDoesNotExist, QueueNameExists
from karin.sqs.limits import RECREATE_INTERVAL_MS, TAGS
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import throughput_needs_scope
from karin.sqs.redrive import read_redrive_policy
from karin.sqs.tags import too_many_tags
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.scripts import Argument, Scripts, optional_instant

TAG_FIELD = "tag:"
TAG_SET = "="  # before every tag's value: that may be empty, and an empty field means that there is none
_END = "\U0010ffff"  # sorts after every character of a queue's name


class QueueState(msgspec.Struct, frozen=True):
    """A queue at one instant: its stored attributes and tags, and its messages counted by state."""

    queue: QueueId
    attributes: dict[str, str]
    tags: dict[str, str]
    created_at_ms: int
    modified_at_ms: int
    ready: int
    leased: int
    delayed: int
    next_due_at_ms: int | None


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
        if status == "no_queue":
            raise QueueDoesNotExist

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
        if status == "no_queue":
            raise QueueDoesNotExist
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
        if status == "no_queue":
            raise QueueDoesNotExist
        return [QueueId.parse(name.decode()) for name in reply]

    def has_sources(self, queue: QueueId) -> bool:
        """Tell whether any queue's redrive policy names a queue, which need not exist."""
        with store_errors():
            return bool(self._client.exists(keys.sources(queue)))

    def describe(self, queue: QueueId, now_ms: int) -> QueueState:
        """Return a queue's attributes and counts in one command; raises QueueDoesNotExist."""
        status, reply = self._scripts.call("describe_queue", [keys.queue(queue), *keys.of_messages(queue)], [now_ms])
        if status == "no_queue":
            raise QueueDoesNotExist
        ready, leased, delayed, next_due_at_ms, *fields = reply
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
        if status == "no_queue":
            raise QueueDoesNotExist
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
