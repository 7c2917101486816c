"""How the store spells ids: back and forth, never with a NUL at the end, and in order."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.store.ids import read_id, stored_beginning, stored_id

made = st.uuids(version=4).map(str)


@given(made | st.uuids().map(str) | st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1))
def test_an_id_is_read_back_as_it_was(message_id: str) -> None:
    assert read_id(stored_id(message_id)) == message_id
    assert not stored_id(message_id).endswith(b"\0"), "a lane does"


@given(made, st.integers(4, 36))
def test_an_id_of_today_takes_sixteen_bytes_and_begins_as_its_beginning_says(message_id: str, length: int) -> None:
    stored = stored_id(message_id)
    assert len(stored) == 16
    whole, bits = stored_beginning(message_id[:length])
    assert stored.startswith(whole)
    assert bits in (-1, stored[len(whole)] >> 4)
    assert len(whole) == min(len(message_id[:length].replace("-", "")) // 2, 8)


@pytest.mark.parametrize("beginning", ["xyz!", "0f40b03-", "", "0F40", f"{uuid.UUID(int=7, version=4)}0"])
def test_what_is_no_beginning_of_a_uuid_begins_none(beginning: str) -> None:
    assert stored_beginning(beginning) == (b"", -1)
