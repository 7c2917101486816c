"""How the store spells the id of a message: 16 bytes instead of 36 characters, in each set and hash that names it.

An id is a UUID, and the ninth byte of those that are made today is never below 128. It stands last, so that an id ends
in no NUL, which a lane does. Whatever is no such UUID is spelt as it is, as all ids are in version 1 of the layout: a
script that does not find one looks for that (``lua/parts/older_id.lua``).
"""

import re

_BYTES = 16
_MARKED = 8  # the place of the byte that tells a UUID's variant
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BEGINNING = re.compile(r"[0-9a-f]{1,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")


def stored_id(message_id: str) -> bytes:
    """Return an id as the store spells it."""
    if not _UUID.fullmatch(message_id):
        return message_id.encode()
    packed = bytes.fromhex(message_id.replace("-", ""))
    return packed[:_MARKED] + packed[_MARKED + 1 :] + packed[_MARKED : _MARKED + 1]


def read_id(stored: bytes) -> str:
    """Return the id that the store spells so."""
    if len(stored) != _BYTES or stored[-1] < 128:
        return stored.decode(errors="replace")
    digits = (stored[:_MARKED] + stored[-1:] + stored[_MARKED:-1]).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def stored_beginning(beginning: str) -> tuple[bytes, int]:
    """Return how ids begin in the store that begin so: up to eight whole bytes, and four bits more or -1.

    Without any bytes there is no id in the store that begins so, unless it is spelt as it is.
    """
    digits = beginning.replace("-", "")[: 2 * _MARKED]
    if not _BEGINNING.fullmatch(beginning):
        return b"", -1
    return bytes.fromhex(digits[: len(digits) // 2 * 2]), int(digits[-1], 16) if len(digits) % 2 else -1
