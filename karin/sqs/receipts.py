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


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What a receipt handle says: the ``receive_count``-th receive of a message, at an instant."""

    account: str
    queue_name: str
    message_id: str
    receive_count: int
    received_at_ms: int

    @property
    def queue(self) -> QueueId:
        """Return the queue that the message was received from."""
        return QueueId(self.account, self.queue_name)


def make_receipt_handle(queue: QueueId, message_id: str, receive_count: int, received_at_ms: int) -> str:
    """Return the handle of one receive: base64 text of about 120 characters."""
    packed = msgspec.msgpack.encode(
        (queue.account, queue.name, uuid.UUID(message_id).bytes, receive_count, received_at_ms)
    )
    checked = _PREFIX + packed
    return base64.b64encode(checked + zlib.crc32(checked).to_bytes(_CHECKSUM_BYTES, "big")).decode()


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
        account, name, id_bytes, count, received_at_ms = msgspec.msgpack.decode(
            checked[len(_PREFIX) :], type=tuple[str, str, bytes, int, int]
        )
        return Receipt(account, name, str(uuid.UUID(bytes=id_bytes)), count, received_at_ms)
    except (msgspec.DecodeError, ValueError):
        return None
