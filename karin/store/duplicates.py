"""By what a FIFO queue knows a deduplication id again: a digest, so that long ids take no more room than short ones."""

from hashlib import sha1

DIGEST_BYTES = 15  # two of a billion ids are alike once in a quintillion times; scripts know the length, too
FIELD = b"d"  # what the fields of deduplication ids begin with


def digest(scope: str, deduplication_id: str) -> bytes:
    """Return what tells an id apart in a group, or with "" in the whole queue.

    SHA-1 is what a script can compute, which an upgrade needs. Whoever could find two ids that are alike would lose a
    message of their own.
    """
    return sha1(f"{scope}\0{deduplication_id}".encode(), usedforsecurity=False).digest()[:DIGEST_BYTES]
