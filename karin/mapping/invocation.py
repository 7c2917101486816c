"""What one function call came to, as it is recorded: small enough to be kept, whole enough to be understood later.

Owns the shape of a record and its packed form, which the store keeps as opaque bytes with the last ones of its queue.
"""

import zlib
from collections.abc import Sequence

import msgspec

from karin.mapping.outcome import OutcomeKind
from karin.sqs.names import QueueId

MOST_RECORD_BYTES = 40 * 1024
MOST_EVENT_BYTES = 32 * 1024  # of an event, compressed; a longer one is left out
MOST_LOG_BYTES = 4 * 1024  # Lambda sends no more
MOST_TEXT_LENGTH = 300  # characters of an error's type and of its message
_CHUNK_BYTES = 64 * 1024
_QUICK = 1  # a level of compression: of one event it makes hardly more bytes than the usual 6, in half the time
_LENGTH_BYTES = 4  # that the length of a long list takes beyond that of an empty one


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a function with messages of a queue.

    ``id`` is karin's own, a UUID; ``request_id`` is Lambda's, empty when it gave none. ``message_ids`` and ``attempts``
    (receive counts) are those of the messages in the event, in its order; of a large batch only the first, while
    ``message_count`` counts all. ``filtered_count`` counts those that no filter let pass: with outcome ``filtered`` the
    function was not called, and the ids are theirs. ``lateness_ms`` runs from the earliest due instant to the call.
    """

    id: str
    queue: QueueId
    mapping_uuid: str
    function_arn: str
    outcome: OutcomeKind
    started_at_ms: int
    duration_ms: int
    lateness_ms: int = 0
    request_id: str = ""
    message_ids: tuple[str, ...] = ()
    attempts: tuple[int, ...] = ()
    message_count: int = 0
    filtered_count: int = 0
    error_type: str = ""
    error_message: str = ""
    log_tail: str = ""
    compressed_event: bytes = b""

    @property
    def event(self) -> bytes | None:
        """Return the payload that the function was called with, byte by byte; None when it was too long to be kept."""
        return zlib.decompress(self.compressed_event) if self.compressed_event else None

    @property
    def function_name(self) -> str:
        """Return the function's name, with ``:alias`` when the mapping names one."""
        return self.function_arn.split(":function:", 1)[-1]


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """The stored form. Fields are only ever added at the end, with a default: older records are read by newer code."""

    id: str
    queue: str
    mapping_uuid: str
    function_arn: str
    outcome: OutcomeKind
    started_at_ms: int
    duration_ms: int
    lateness_ms: int
    request_id: str
    message_ids: tuple[str, ...]
    attempts: tuple[int, ...]
    message_count: int
    filtered_count: int
    error_type: str
    error_message: str
    log_tail: str
    compressed_event: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def compress_event(payload: bytes) -> bytes:
    """Return an event as a record keeps it: empty when it stays longer than MOST_EVENT_BYTES."""
    if len(payload) <= _CHUNK_BYTES:  # in one go that takes a third of the time, and nearly all are
        compressed = zlib.compress(payload, _QUICK)
        return compressed if len(compressed) <= MOST_EVENT_BYTES else b""
    compressor = zlib.compressobj()
    compressed = b""
    for start in range(0, len(payload), _CHUNK_BYTES):
        compressed += compressor.compress(payload[start : start + _CHUNK_BYTES])
        if len(compressed) > MOST_EVENT_BYTES:
            return b""
    compressed += compressor.flush()
    return compressed if len(compressed) <= MOST_EVENT_BYTES else b""


def pack_invocation(invocation: Invocation) -> bytes:
    """Return the record of a call, at most MOST_RECORD_BYTES: as many message ids as there is room for."""
    bare = _Packed(
        invocation.id,
        str(invocation.queue),
        invocation.mapping_uuid,
        invocation.function_arn,
        invocation.outcome,
        invocation.started_at_ms,
        invocation.duration_ms,
        invocation.lateness_ms,
        invocation.request_id[:MOST_TEXT_LENGTH],
        (),
        (),
        invocation.message_count or len(invocation.message_ids),
        invocation.filtered_count,
        invocation.error_type[:MOST_TEXT_LENGTH],
        invocation.error_message[:MOST_TEXT_LENGTH],
        _last_bytes(invocation.log_tail, MOST_LOG_BYTES),
        invocation.compressed_event,
    )
    room = MOST_RECORD_BYTES - len(_encoder.encode(bare)) - 2 * _LENGTH_BYTES
    kept = _fitting(invocation.message_ids, invocation.attempts, room)
    packed = msgspec.structs.replace(
        bare, message_ids=invocation.message_ids[:kept], attempts=invocation.attempts[:kept]
    )
    return _encoder.encode(packed)


def unpack_invocation(packed: bytes) -> Invocation:
    """Read a record back; raises ValueError when the bytes are not one that this version understands."""
    try:
        stored = _decoder.decode(packed)
    except msgspec.DecodeError as error:
        raise ValueError(f"not the record of an invocation: {error}") from error
    fields = {name: getattr(stored, name) for name in stored.__struct_fields__}
    return Invocation(**fields | {"queue": QueueId.parse(stored.queue)})


def _fitting(message_ids: Sequence[str], attempts: Sequence[int], room: int) -> int:
    """Return of how many messages the ids and counts take at most ``room`` bytes."""
    for count, (message_id, attempt) in enumerate(zip(message_ids, attempts, strict=True)):
        room -= len(_encoder.encode(message_id)) + len(_encoder.encode(attempt))
        if room < 0:
            return count
    return len(message_ids)


def _last_bytes(text: str, limit: int) -> str:
    """Return the end of a text that has at most ``limit`` bytes in UTF-8."""
    return text if len(text) * 4 <= limit else text.encode()[-limit:].decode(errors="ignore")
