"""Strategies that several targets share: JSON of any kind, texts with odd characters, and long ones."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

LONG = 100_000  # characters

ODD = [
    "", " ", "\x00", "\ud55c\uae00", "\U0001f600", "\u202e", "0", "-1", "2147483648", "9" * 400, "1e999", "NaN", "null",
    "true", "{}", "[]", "%", "%00", "../..", "arn:aws:sqs:us-east-1:000000000000:work", "=", ";", ",", "/", "\r\n",
    "\ufeff",
]  # fmt: skip
texts = st.one_of(st.sampled_from(ODD), st.text(max_size=40))
numbers = st.one_of(
    st.integers(), st.sampled_from([0, -1, 1, 43_200, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**30])
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.floats(), texts)


def any_text(data: bytes) -> str:
    """Return bytes as text: those that are no UTF-8 become lone surrogates, as Python's JSON lets them in."""
    return data.decode(errors="surrogateescape")


def wire_text(data: bytes) -> str:
    """Return bytes as text that a request may carry: both decoders refuse what is no UTF-8."""
    return data.decode(errors="replace")


def trees(names: SearchStrategy[str], leaves: int = 15) -> SearchStrategy[Any]:
    """Return JSON values whose objects have some of these names."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.one_of(names, texts), inner, max_size=5)
        ),
        max_leaves=leaves,
    )


def documents(names: SearchStrategy[str], leaves: int = 15) -> SearchStrategy[str]:
    """Return texts that are JSON, nearly JSON, deeply nested, or anything."""
    whole = trees(names, leaves).map(json.dumps)
    return st.one_of(whole, whole.flatmap(_damaged), texts, nested)


def _damaged(text: str) -> SearchStrategy[str]:
    places = st.integers(0, max(len(text) - 1, 0))
    return st.tuples(places, texts).map(lambda cut: text[: cut[0]] + cut[1] + text[cut[0] + 1 :])


nested = st.tuples(
    st.sampled_from(["[", '{"a":', '{"$or":[', "[[", '{"a":[{"']), st.sampled_from([3, 99, 101, 5_000])
).map(lambda pair: pair[0] * pair[1])
long = st.tuples(
    st.sampled_from(["a", "[", '"', "{", "%41", "*", ".", "/", "1", "a.", "A=", "&", "\\u0041", "1d"])
).map(lambda pair: (pair[0] * LONG)[:LONG])
