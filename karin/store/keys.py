"""Every key that karin keeps in Redis: its name and type. The schema is this file; no key is spelt anywhere else.

The keys of a queue share the hash tag ``{account/name}``, so that each script touches one slot and the same code runs
on a cluster. None carries a time to live but the tombstone: free Redis plans evict the keys that do.
"""

from karin.sqs.names import QueueId

PREFIX = "karin:"

QUEUES = PREFIX + "queues"
"""ZSET, all scores 0: the names of all queues as ``account/name``, in order."""

SNAPSHOT = PREFIX + "snapshot"
"""STRING: the deployment as the last sync saw it, JSON (karin.mapping.model.Snapshot)."""

SCHEDULERS = PREFIX + "schedulers"
"""HASH scheduler id -> instant in ms of its last sweep."""

SYNC_ASKED = PREFIX + "sync-asked"
"""STRING with a time to live: someone asked for a sync a moment ago; nobody else need ask."""

WAKES = PREFIX + "wakes"
"""Channel: nudges, ``account/name due_at_ms``, when the head of a queue moved earlier."""

CONTROL = PREFIX + "control"
"""Channel to and from schedulers: ``sync`` asks for one, ``synced`` and ``sync-failed reason`` tell of one."""


def _of(queue: QueueId, part: str) -> str:
    return f"{PREFIX}{{{queue}}}:{part}"


def queue(queue_id: QueueId) -> str:
    """HASH: the queue's attributes by their SQS names, ``tag:<key>`` -> ``=<value>`` for its tags, and the
    instants in ms at which it was created, modified and purged.
    """
    return _of(queue_id, "queue")


def due(queue_id: QueueId) -> str:
    """ZSET message id -> the instant in ms at which it may next be received. Its lowest score is the wake."""
    return _of(queue_id, "due")


def messages(queue_id: QueueId) -> str:
    """HASH message id -> stored message: 13 digits of an instant, then MessagePack (karin.sqs.message)."""
    return _of(queue_id, "messages")


def receives(queue_id: QueueId) -> str:
    """HASH message id -> ``receive_count first_received_at_ms``; only for messages received at least once."""
    return _of(queue_id, "receives")


def leased(queue_id: QueueId) -> str:
    """ZSET message id -> ``leased_until_ms``; a member whose lease has run out means nothing."""
    return _of(queue_id, "leased")


def tombstone(queue_id: QueueId) -> str:
    """STRING with a minute to live: the instant in ms at which the queue was deleted."""
    return _of(queue_id, "deleted")


def of_messages(queue_id: QueueId) -> list[str]:
    """Return the keys that hold a queue's messages, in the order in which the scripts take them."""
    return [due(queue_id), messages(queue_id), receives(queue_id), leased(queue_id)]
