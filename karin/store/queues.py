"""Commands on queues themselves: their existence, attributes, tags and names."""

from collections.abc import Mapping
from typing import Any

import msgspec

from karin.sqs.errors import QueueDeletedRecently, QueueDoesNotExist, QueueNameExists
from karin.sqs.limits import RECREATE_INTERVAL_MS
from karin.sqs.names import QueueId
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
        """Create a queue and tell whether it is new; an equal one is left alone.

        Two commands, because the list of names lives in a slot of its own: the queue first, then its name, so that a
        crash between leaves a queue which the next CreateQueue lists. Raises QueueNameExists, QueueDeletedRecently.
        """
        given_fields = dict(given) | {TAG_FIELD + key: TAG_SET + value for key, value in (tags or {}).items()}
        args: list[Argument] = [now_ms, RECREATE_INTERVAL_MS, len(given_fields), *_flat(given_fields), *_flat(defaults)]
        status, reply = self._scripts.call("create_queue", [keys.queue(queue), keys.tombstone(queue)], args)
        if status == "deleted_recently":
            raise QueueDeletedRecently
        if status == "differs":
            field = reply[0].decode()
            name = "tags" if field.startswith(TAG_FIELD) else f"attribute {field}"
            raise QueueNameExists(f"A queue already exists with the same name and a different value for {name}")
        with store_errors():
            self._client.zadd(keys.QUEUES, {str(queue): 0})
        return status == "created"

    def delete(self, queue: QueueId, now_ms: int) -> None:
        """Delete a queue with its messages, then its name; raises QueueDoesNotExist."""
        status, _ = self._scripts.call(
            "delete_queue",
            [keys.queue(queue), keys.tombstone(queue), *keys.of_messages(queue)],
            [now_ms, RECREATE_INTERVAL_MS],
        )
        with store_errors():
            self._client.zrem(keys.QUEUES, str(queue))
        if status == "no_queue":
            raise QueueDoesNotExist

    def set_attributes(self, queue: QueueId, now_ms: int, changes: Mapping[str, str]) -> None:
        """Change attributes; an empty value removes one. Raises QueueDoesNotExist."""
        status, _ = self._scripts.call("set_queue_attributes", [keys.queue(queue)], [now_ms, *_flat(changes)])
        if status == "no_queue":
            raise QueueDoesNotExist

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


def _flat(pairs: Mapping[str, str]) -> list[str]:
    return [text for pair in pairs.items() for text in pair]
