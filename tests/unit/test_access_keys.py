"""Access keys with scopes: how they are read, and that secrets stay what they are."""

import pytest

from karin.access_keys import EVERYTHING, AccessKeyError, KeyScope, parse_access_keys

SECRET = "a-good-secret"


@pytest.mark.parametrize(
    ("rest", "secret", "scope"),
    [
        (SECRET, SECRET, EVERYTHING),
        ("b/with:colon=", "b/with:colon=", EVERYTHING),
        (f"{SECRET}:all", SECRET, EVERYTHING),
        (f"{SECRET}:all:*", SECRET, EVERYTHING),
        (f"{SECRET}:send", SECRET, KeyScope("send")),
        (f"{SECRET}:receive:orders-*", SECRET, KeyScope("receive", ("orders-*",))),
        (f"{SECRET}:read:a|b.fifo|c-*", SECRET, KeyScope("read", ("a", "b.fifo", "c-*"))),
        (f"with:{SECRET}:send:a", f"with:{SECRET}", KeyScope("send", ("a",))),
        (f"{SECRET}:send:all", SECRET, KeyScope("send", ("all",))),
        (f"{SECRET}:send:all:*", f"{SECRET}:send", EVERYTHING),
        (f"{SECRET}:x:y:send", f"{SECRET}:x:y", KeyScope("send")),
        (f"{SECRET}:", f"{SECRET}:", EVERYTHING),
        (f"{SECRET}::orders-*", f"{SECRET}::orders-*", EVERYTHING),
        ("send:send:send:send", "send:send", KeyScope("send", ("send",))),
    ],
)
def test_a_scope_is_read_from_the_end(rest: str, secret: str, scope: KeyScope) -> None:
    secrets, scopes = parse_access_keys(f"id1:{rest}, other:{SECRET}")

    assert secrets == {"id1": secret, "other": SECRET}
    assert scopes == ({} if scope == EVERYTHING else {"id1": scope})


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (f"id1:{SECRET}:sned:orders-*", "misspelt"),
        (f"id1:{SECRET}:recieve", "misspelt"),
        (f"id1:{SECRET}:Send:x", "misspelt"),
        (f"id1:{SECRET}:send:", "queues"),
        (f"id1:{SECRET}:send:*-orders", "queues"),
        (f"id1:{SECRET}:send:a b", "queues"),
        (f"id1:{SECRET}:send:a||b", "queues"),
        ("id1:short:send:a", "8 or more"),
        ("id1::send:a", "8 or more"),
        (f"id1:{SECRET},id1:{SECRET}:send", "twice"),
    ],
)
def test_a_wrong_scope_is_refused_in_one_line_without_the_secret(value: str, hint: str) -> None:
    with pytest.raises(AccessKeyError) as caught:
        parse_access_keys(value)

    said = str(caught.value)
    assert hint in said
    assert "\n" not in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("pattern", "name", "is_in"),
    [
        ("*", "anything.fifo", True),
        ("orders-*", "orders-", True),
        ("orders-*", "orders-eu.fifo", True),
        ("orders-*", "orders", False),
        ("orders-*", "my-orders-eu", False),
        ("orders", "orders", True),
        ("orders", "orders2", False),
        ("orders", "Orders", False),
        ("orders", "orders.fifo", False),
    ],
)
def test_patterns_are_names_or_prefixes(pattern: str, name: str, is_in: bool) -> None:
    assert KeyScope("all", ("no", pattern)).has_queue(name) is is_in
