"""Which node of a cluster serves which slot, as CLUSTER SLOTS tells it; knows nothing of connections."""

from bisect import bisect_right
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.utils import str_if_bytes

from karin.redis_url import Address

UNKNOWN_HOSTS = ("", "?")  # what a node says of itself that does not know its own name


def slot_of(key: str | bytes) -> int:
    """Return the slot of a key."""
    return key_slot(key.encode() if isinstance(key, str) else key)


class Slots:
    """Slot -> address of its primary. Ranges as they were told, and single slots that have moved since."""

    def __init__(self, told: list[Any], asked: Address) -> None:
        """Read the reply of CLUSTER SLOTS, that ``asked`` gave; a node without a name is reached as that one was."""
        ranges = sorted(
            (int(first), int(last), [_address(node, asked) for node in nodes]) for first, last, *nodes in told
        )
        self._firsts = [first for first, _, _ in ranges]
        self._ranges = ranges
        self._moved: dict[int, Address] = {}

    def owner(self, slot: int) -> Address | None:
        """Return who serves a slot, None when nobody does."""
        if (address := self._moved.get(slot)) is not None:
            return address
        place = bisect_right(self._firsts, slot) - 1
        if place < 0:
            return None
        _, last, nodes = self._ranges[place]
        return nodes[0] if slot <= last else None

    def move(self, slot: int, address: Address) -> None:
        """Note that a slot has moved."""
        self._moved[slot] = address

    @property
    def primaries(self) -> list[Address]:
        """Return all nodes that serve slots, in the order of their slots."""
        return list(dict.fromkeys([nodes[0] for _, _, nodes in self._ranges] + list(self._moved.values())))

    @property
    def addresses(self) -> list[Address]:
        """Return all nodes, primaries first."""
        return list(dict.fromkeys(self.primaries + [node for _, _, nodes in self._ranges for node in nodes]))

    @property
    def lonely(self) -> list[Address]:
        """Return the primaries that have no replica."""
        return [nodes[0] for _, _, nodes in self._ranges if len(nodes) == 1]

    @property
    def uncovered(self) -> int:
        """Return how many slots nobody serves."""
        return REDIS_CLUSTER_HASH_SLOTS - sum(last - first + 1 for first, last, _ in self._ranges)


def _address(node: list[Any], asked: Address) -> Address:
    host = str_if_bytes(node[0] or "")
    return (asked[0] if host in UNKNOWN_HOSTS else host), int(node[1])
