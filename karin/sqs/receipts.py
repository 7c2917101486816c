"""Receipt handles: opaque to callers, self-describing to karin, so that one is understood after its message is gone.

A handle names the queue, the message and the receive. It begins with the three bytes that make it look like AWS's
(``AQEB``) and ends with a checksum, so that a typing error is told from an old handle.
"""

import base64
import binascii
import uuid
import zlib

import msgspec

from karin.sqs.names import QueueId

_PREFIX = b"\x01\x01\x01"
_CHECKSUM_BYTES = 4


class Receipt(msgspec.Struct, frozen=True):
    """What a receipt handle says: the ``receive_count``-th receive of a message, at an instant.

    ``group_id`` and ``sequence_number`` are the message's own, and tell the store where it stands in its group.
    """

    queue: QueueId
    message_id: str
    receive_count: int
    received_at_ms: int
    group_id: str | None = None
    sequence_number: str | None = None

    @property
    def handle(self) -> str:
        """Return the handle: base64 text of about 120 characters, of at most 600 with the longest names."""
        packed = _encoder.encode(
            _Packed(
                self.queue.account,
                self.queue.name,
                bytes.fromhex(self.message_id.replace("-", "")),
                self.receive_count,
                self.received_at_ms,
                self.group_id,
                self.sequence_number,
            )
        )
        checked = _PREFIX + packed
        return base64.b64encode(checked + zlib.crc32(checked).to_bytes(_CHECKSUM_BYTES, "big")).decode()


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    account: str
    queue_name: str
    message_id: bytes
    receive_count: int
    received_at_ms: int
    group_id: str | None
    sequence_number: str | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def read_receipt_handle(handle: str) -> Receipt | None:
    """Return what a handle says, or None when it is not one of karin's."""
    try:
        raw = base64.b64decode(handle, validate=True)
    except (binascii.Error, ValueError):
        return None
    checked, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if not checked.startswith(_PREFIX) or zlib.crc32(checked).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
        return None
    try:
        packed = _decoder.decode(checked[len(_PREFIX) :])
        message_id = str(uuid.UUID(bytes=packed.message_id))
    except (msgspec.DecodeError, ValueError):
        return None
    return Receipt(
        QueueId(packed.account, packed.queue_name),
        message_id,
        packed.receive_count,
        packed.received_at_ms,
        packed.group_id,
        packed.sequence_number,
    )
