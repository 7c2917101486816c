"""Every key that karin keeps in Redis: its name and type. The schema is this file; no key is spelt anywhere else.

The keys of a queue share the hash tag ``{account/name}``, so that each script touches one slot and the same code runs
on a cluster. None carries a time to live but the tombstone and three that only hold others back: free Redis plans evict
the keys that do. Message ids are spelt as karin.store.ids says.
"""

from functools import lru_cache

from karin.sqs.names import QueueId

PREFIX = "karin:"
COPY_END = ":copy"
HANDOVER_END = ":handover"

SCHEMA = PREFIX + "schema"
"""STRING: the version of the layout that this file describes (karin.store.schema); a store without it has version 1."""

COPYING = PREFIX + "copying"
"""STRING with a time to live: a backup is being made, and the keys that end as ``copy_of`` says are its own."""

QUEUES = PREFIX + "queues"
"""ZSET, all scores 0: the names of all queues as ``account/name``, in order."""

SNAPSHOT = PREFIX + "snapshot"
"""STRING: the deployment as the last sync saw it, JSON (karin.mapping.model.Snapshot)."""

OVERRIDES = PREFIX + "overrides"
"""HASH mapping UUID -> the instant in ms at which someone said that karin serves it, although AWS polls it too."""

PAUSES = PREFIX + "pauses"
"""HASH mapping UUID -> why, since when, until when and by whom it is paused, JSON (karin.mapping.pause.Pause)."""

SCHEDULERS = PREFIX + "schedulers"
"""HASH scheduler id -> instant in ms of its last sweep."""

MOVING = PREFIX + "moving"
"""ZSET ``account/name task_id`` -> the instant in ms at which it started: every active message move task."""

SYNC_ASKED = PREFIX + "sync-asked"
"""STRING with a time to live: someone asked for a sync a moment ago; nobody else need ask."""

STORED_BYTES = "stored_bytes"
"""Field of each queue's hash: the bytes of its stored messages, as every script keeps it that stores or removes one."""

WAKES = PREFIX + "wakes"
"""Channel: nudges, ``account/name due_at_ms``, when the head of a queue moved earlier."""

REQUESTS = PREFIX + "requests"
"""Channel to schedulers: ``sync`` asks for one. Nobody else listens: who asks learns whether there is a scheduler."""

CONTROL = PREFIX + "control"
"""Channel to and from schedulers: ``synced`` and ``sync-failed reason`` tell of a sync,
``move account/name task_id started_at_ms`` tells that a message move task waits for one, ``pauses-changed`` that
mappings were paused or resumed."""


def _of(queue: QueueId, part: str) -> str:
    return f"{PREFIX}{{{queue}}}:{part}"


def queue(queue_id: QueueId) -> str:
    """HASH: the queue's attributes by their SQS names, ``tag:<key>`` -> ``=<value>`` for its tags, and the
    instants in ms at which it was created, modified and purged; ``layout`` is the version in which a FIFO queue is
    kept, from the third on.

    Of a RedrivePolicy it holds apart what scripts need: ``max_receive_count``, and ``dead_letter_target`` as
    ``account/name``. A queue that names itself has neither, because its policy never moves anything.
    """
    return _of(queue_id, "queue")


def sources(queue_id: QueueId) -> str:
    """ZSET, all scores 0: the names, as ``account/name``, of the queues whose redrive policy names this queue.

    It outlives the queue, which such policies may still name. After a crash a name too many may stand here, never one
    too few.
    """
    return _of(queue_id, "sources")


def due(queue_id: QueueId) -> str:
    """ZSET -> the instant in ms at which something may next be received. Its lowest score is the wake.

    Members are message ids; of messages with a group it is their lane, ``group NUL``, that stands here. In a FIFO
    queue every message has a group.
    """
    return _of(queue_id, "due")


def messages(queue_id: QueueId) -> str:
    """HASH message id -> stored message (karin.sqs.stored)."""
    return _of(queue_id, "messages")


def receives(queue_id: QueueId) -> str:
    """HASH message id -> ``receive_count first_received_at_ms``; only for messages received at least once."""
    return _of(queue_id, "receives")


def leased(queue_id: QueueId) -> str:
    """ZSET message id -> ``leased_until_ms``; a member whose lease has run out means nothing, but in FIFO queues that
    it was received before, so that the queue's delay no longer holds it back.
    """
    return _of(queue_id, "leased")


def order(queue_id: QueueId) -> str:
    """ZSET, all scores 0: the messages of each group in the order in which they may be received.

    Members are ``group NUL due_at_ms(13 digits) message_id``. In FIFO queues each is a row of up to sixteen messages,
    ``group NUL`` and for each message its sequence number without the 1 in front (6 bytes), the instant in ms at which
    it was sent (6 bytes), the length of its id (1 byte) and its id. One that a person rescheduled stands there as if it
    had been sent the queue's delay before it is due.
    """
    return _of(queue_id, "order")


def lanes(queue_id: QueueId) -> str:
    """ZSET lane -> its score in ``due``; only in standard queues, where ``due`` holds message ids as well."""
    return _of(queue_id, "lanes")


def grouped(queue_id: QueueId) -> str:
    """ZSET message id -> the instant in ms at which it may next be received: the messages with a group of a standard
    queue.
    """
    return _of(queue_id, "grouped")


def arrivals(queue_id: QueueId) -> str:
    """ZSET message id -> the instant in ms at which it was sent, as ``order`` has it; only in FIFO queues.

    Here stands what was never received and is held back by the queue's delay, or once was, or was rescheduled by a
    person: so the delayed are counted and listed without a look at the others.
    """
    return _of(queue_id, "arrivals")


def remembered(queue_id: QueueId) -> str:
    """HASH, FIFO only: what five minutes may ask for again.

    ``d`` and a digest of the deduplication id and its scope (karin.store.duplicates) -> the sequence number as in
    ``order`` and the message id; ``r attempt id`` -> JSON of what was received. In front of each value stands the
    instant in ms at which it may be forgotten (6 bytes).
    """
    return _of(queue_id, "remembered")


def forgetting(queue_id: QueueId) -> str:
    """LIST of fields of ``remembered`` in the order in which they were written, each behind the instant in ms at which
    it may be forgotten (6 bytes). A field may stand here twice, or be forgotten already.
    """
    return _of(queue_id, "forgetting")


def remembered_until(queue_id: QueueId) -> str:
    """ZSET of versions 1 and 2: field of ``remembered`` -> the instant in ms at which it may be forgotten."""
    return _of(queue_id, "remembered-until")


def move(queue_id: QueueId) -> str:
    """HASH: the active message move task that has this queue for its source, and which scheduler works on it."""
    return _of(queue_id, "move")


def moves(queue_id: QueueId) -> str:
    """LIST: the message move tasks of this source that are over, JSON (karin.sqs.moves.MoveTask), newest first."""
    return _of(queue_id, "moves")


def calls(queue_id: QueueId) -> str:
    """ZSET ``mapping_uuid call_id`` -> the instant in ms until which a function call is taken to be in flight."""
    return _of(queue_id, "calls")


def invocations(queue_id: QueueId) -> str:
    """LIST: what the last calls came to, newest first, bounded in bytes (karin.mapping.invocation)."""
    return _of(queue_id, "invocations")


def done(queue_id: QueueId) -> str:
    """HASH minute of the hour -> ``minute_since_the_epoch count``: how many messages were deleted, each by itself."""
    return _of(queue_id, "done")


def tombstone(queue_id: QueueId) -> str:
    """STRING with a minute to live: the instant in ms at which the queue was deleted."""
    return _of(queue_id, "deleted")


def handover(queue_id: QueueId) -> str:
    """STRING with a time to live: which process hands the queue over just now."""
    return _of(queue_id, HANDOVER_END.removeprefix(":"))


def of_queue(queue_id: QueueId) -> list[str]:
    """Return every key that a queue may have, whatever its type, but ``handover``, which tells of a process."""
    parts = (
        *(queue, sources, due, messages, receives, leased, order, lanes, grouped, arrivals, remembered),
        *(forgetting, remembered_until, move, moves, calls, invocations, done, tombstone),
    )
    return [part(queue_id) for part in parts]


def copy_of(key: str) -> str:
    """Return where a backup copies a key to, of the same type and in the same slot, while it reads it."""
    return key + COPY_END


def of_messages(queue_id: QueueId) -> tuple[str, ...]:
    """Return the keys that hold a queue's messages, in the order in which the scripts take them.

    The first four are due, messages, receives and leased, whatever the queue's type.
    """
    parts = (arrivals, order, remembered, forgetting) if queue_id.is_fifo else (grouped, order, lanes)
    return tuple(part(queue_id) for part in (due, messages, receives, leased, *parts))


@lru_cache(maxsize=256)
def of_queue_and_messages(queue_id: QueueId) -> tuple[str, ...]:
    """Return the key of a queue's attributes and ``of_messages``, which most scripts take first."""
    return (queue(queue_id), *of_messages(queue_id))


@lru_cache(maxsize=256)
def of_sending(queue_id: QueueId) -> tuple[str, ...]:
    """Return the keys that sending to a standard queue takes: each costs a script as much as an argument does."""
    return tuple(part(queue_id) for part in (queue, due, messages, receives, grouped, order, lanes))


def of_calls(queue_id: QueueId) -> list[str]:
    """Return the keys that tell what became of a queue's messages, in the order in which the scripts take them."""
    return [calls(queue_id), invocations(queue_id), done(queue_id)]
