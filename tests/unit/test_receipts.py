"""Receipt handles: what is written is read back, and nothing else is."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt, read_receipt_handle

QUEUE = QueueId("000000000000", "work")
MESSAGE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
HANDLE = Receipt(QUEUE, MESSAGE_ID, 1, 1_700_000_000_000).handle

queues = st.builds(
    QueueId, st.from_regex(r"[0-9]{12}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{1,80}", fullmatch=True)
)


groups = st.none() | st.from_regex(r"[!-~]{1,128}", fullmatch=True)
numbers = st.none() | st.from_regex(r"[0-9]{20}", fullmatch=True)
receipts = st.builds(
    Receipt, queues, st.uuids().map(str), st.integers(1, 2**31), st.integers(0, 2**53), groups, numbers
)


@given(receipts)
def test_a_handle_tells_what_it_was_made_of(receipt: Receipt) -> None:
    assert read_receipt_handle(receipt.handle) == receipt
    assert len(receipt.handle) <= 600


def test_a_handle_looks_like_one_of_aws() -> None:
    receipt = read_receipt_handle(HANDLE)

    assert HANDLE.startswith("AQEB")
    assert receipt is not None
    assert receipt.queue == QUEUE


def test_every_receive_has_a_handle_of_its_own() -> None:
    handles = {Receipt(QUEUE, MESSAGE_ID, count, at_ms).handle for count in (1, 2) for at_ms in (0, 1)}

    assert len(handles) == 4


@given(st.text())
def test_any_text_is_no_handle(text: str) -> None:
    assert read_receipt_handle(text) is None


@given(st.binary())
def test_any_bytes_are_no_handle(raw: bytes) -> None:
    assert read_receipt_handle(base64.b64encode(raw).decode()) is None
    assert read_receipt_handle(base64.b64encode(b"\x01\x01\x01" + raw).decode()) is None


@given(st.integers(0, len(HANDLE) - 1), st.characters(codec="ascii"))
def test_a_typing_error_is_noticed(at: int, letter: str) -> None:
    changed = HANDLE[:at] + letter + HANDLE[at + 1 :]

    receipt = read_receipt_handle(changed)

    assert receipt is None or receipt == read_receipt_handle(HANDLE)


@pytest.mark.parametrize("handle", ["", "garbage", HANDLE[:-4], HANDLE + "AAAA", HANDLE * 2, HANDLE[4:], f" {HANDLE}"])
def test_a_handle_cut_or_grown_is_none(handle: str) -> None:
    assert read_receipt_handle(handle) is None
