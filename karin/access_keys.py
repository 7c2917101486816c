"""Access keys as ``KARIN_ACCESS_KEYS`` writes them: ``id:secret[:actions[:queues]]``, and what each may be used for.

Secrets may hold colons, so a scope is read from the end: it is there when the last field is a word of ``ACTIONS``, or
the last but one is and queue patterns follow. A secret that ends so by itself is followed by ``:all:*``.
"""

import difflib
import re
from dataclasses import dataclass

ACTIONS = ("all", "send", "receive", "read")
SHORTEST_SECRET = 8  # characters
_KEY_ID = re.compile(r"\w{3,128}", re.ASCII)
_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo|\*)?|\*")
_FORM = "id:secret[:actions[:queues]][,...]"


class AccessKeyError(ValueError):
    """The variable is wrong; the message is one line without a secret."""


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What a key may do: one word of ``ACTIONS``, to queues of these names; ``orders-*`` is a prefix."""

    actions: str = "all"
    queues: tuple[str, ...] = ("*",)

    def has_queue(self, name: str) -> bool:
        """Tell whether a queue of that name is in scope."""
        return any(
            name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in self.queues
        )


EVERYTHING = KeyScope()


def parse_access_keys(value: str) -> tuple[dict[str, str], dict[str, KeyScope]]:
    """Return key id -> secret of all keys, and key id -> scope of those that are limited. Raises AccessKeyError."""
    secrets: dict[str, str] = {}
    scopes: dict[str, KeyScope] = {}
    for written in value.split(","):
        if not written.strip():
            continue
        key_id, _, rest = written.strip().partition(":")
        if not _KEY_ID.fullmatch(key_id):
            raise AccessKeyError(f"must be {_FORM}: ids of letters and digits, secrets of 8 or more")
        if key_id in secrets:
            raise AccessKeyError(f"has the key {key_id} twice")
        secret, scope = _split(key_id, rest)
        if len(secret) < SHORTEST_SECRET:
            raise AccessKeyError(f"must be {_FORM}: ids of letters and digits, secrets of 8 or more")
        secrets[key_id] = secret
        if scope != EVERYTHING:
            scopes[key_id] = scope
    return secrets, scopes


def _split(key_id: str, rest: str) -> tuple[str, KeyScope]:
    """Return the secret and the scope in what follows a key's id."""
    head, _, last = rest.rpartition(":")
    secret, _, word = head.rpartition(":")
    if secret and word in ACTIONS:
        return secret, KeyScope(word, _patterns(key_id, last))
    if head and last in ACTIONS:
        return head, KeyScope(last)
    for field in ((word,) if secret else ()) + ((last,) if head else ()):
        if difflib.get_close_matches(field, ACTIONS, n=1, cutoff=0.75):  # else the key would silently be unlimited
            raise AccessKeyError(
                f"has a misspelt scope for the key {key_id}: write {', '.join(ACTIONS)}, or :all:* after a secret"
                " that ends so"
            )
    return rest, EVERYTHING


def _patterns(key_id: str, text: str) -> tuple[str, ...]:
    patterns = tuple(text.split("|"))
    if not all(_PATTERN.fullmatch(pattern) for pattern in patterns):
        raise AccessKeyError(
            f"has wrong queues for the key {key_id}: write names or prefixes such as orders-*, with | between them"
        )
    return patterns
