"""The record of a call: everything comes back, and no record is too long for its queue's others."""

import os
import uuid

import msgspec
import pytest

from karin.mapping.invocation import (
    MOST_EVENT_BYTES,
    MOST_LOG_BYTES,
    MOST_RECORD_BYTES,
    Invocation,
    compress_event,
    pack_invocation,
    unpack_invocation,
)
from karin.mapping.outcome import OutcomeKind
from karin.sqs.names import QueueId

EVENT = b'{"Records":[{"body":"hi"}]}'
INVOCATION = Invocation(
    id=str(uuid.uuid4()),
    queue=QueueId("123456789012", "q.fifo"),
    mapping_uuid=str(uuid.uuid4()),
    function_arn="arn:aws:lambda:eu-west-1:123456789012:function:f:live",
    outcome=OutcomeKind.PARTIAL,
    started_at_ms=1_800_000_000_000,
    duration_ms=1_234,
    lateness_ms=5,
    request_id=str(uuid.uuid4()),
    message_ids=("a", "b"),
    attempts=(1, 300),
    message_count=2,
    filtered_count=3,
    error_type="KeyError",
    error_message="'id' 끝",
    log_tail="START\nEND 끝\n",
    compressed_event=compress_event(EVENT),
)


def test_a_record_comes_back_as_it_was() -> None:
    unpacked = unpack_invocation(pack_invocation(INVOCATION))

    assert unpacked == INVOCATION
    assert unpacked.event == EVENT
    assert unpacked.function_name == "f:live"


@pytest.mark.parametrize("outcome", OutcomeKind)
def test_every_outcome_is_recorded(outcome: OutcomeKind) -> None:
    record = msgspec.structs.replace(INVOCATION, outcome=outcome)

    assert unpack_invocation(pack_invocation(record)).outcome is outcome


def test_an_event_is_kept_byte_by_byte_unless_it_is_too_long_when_compressed() -> None:
    repetitive, random_bytes = b"x" * 6_000_000, os.urandom(2 * MOST_EVENT_BYTES)

    assert msgspec.structs.replace(INVOCATION, compressed_event=compress_event(repetitive)).event == repetitive
    assert compress_event(random_bytes) == b""
    assert msgspec.structs.replace(INVOCATION, compressed_event=b"").event is None


def test_the_longest_record_is_bounded_and_counts_the_messages_it_does_not_name() -> None:
    huge = msgspec.structs.replace(
        INVOCATION,
        message_ids=tuple(str(uuid.uuid4()) for _ in range(10_000)),
        attempts=(70_000,) * 10_000,
        message_count=10_000,
        error_type="E" * 5_000,
        error_message="끝" * 5_000,
        log_tail="x끝" * 5_000,
        request_id="r" * 5_000,
        compressed_event=os.urandom(MOST_EVENT_BYTES),
    )

    packed = pack_invocation(huge)

    unpacked = unpack_invocation(packed)
    assert len(packed) <= MOST_RECORD_BYTES
    assert len(unpacked.log_tail.encode()) <= MOST_LOG_BYTES
    assert huge.log_tail.endswith(unpacked.log_tail)
    assert unpacked.message_count == 10_000
    assert len(unpacked.message_ids) == len(unpacked.attempts) > 20
    assert unpacked.message_ids == huge.message_ids[: len(unpacked.message_ids)]
    without_event = unpack_invocation(pack_invocation(msgspec.structs.replace(huge, compressed_event=b"")))
    assert len(without_event.message_ids) > 500


@pytest.mark.parametrize("packed", [b"", b"nonsense", msgspec.msgpack.encode(["one"]), msgspec.msgpack.encode({})])
def test_what_is_no_record_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="not the record of an invocation"):
        unpack_invocation(packed)


def test_a_record_of_a_newer_version_with_more_fields_is_read() -> None:
    fields = [*msgspec.msgpack.decode(pack_invocation(INVOCATION)), "of a later version"]

    assert unpack_invocation(msgspec.msgpack.encode(fields)) == INVOCATION
