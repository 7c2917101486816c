"""How much of messages may be in memory at once on their way from the store to Lambda.

Few are large, and a machine may be small: a hundred calls that each load 6 MB at the same moment would end it.
"""

import threading

from karin.mapping.payload import SMALL_BYTES


class Room:
    """So many bytes. One share is given whatever its size when there is no other."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._taken_bytes = 0
        self._changed = threading.Condition()

    def take(self, size: int) -> "Share":
        """Wait until there is room; return the share of it that was taken. For nothing nobody waits."""
        with self._changed:
            self._changed.wait_for(
                lambda: not size or not self._taken_bytes or self._taken_bytes + size <= self._most_bytes
            )
            self._taken_bytes += size
        return Share(self, size)

    def give(self, size: int) -> None:
        """Take a part of a share back, or let it grow when less than nothing is given."""
        if size:
            with self._changed:
                self._taken_bytes -= size
                self._changed.notify_all()


class Share:
    """A part of the room, which may change and in the end is given back; one thread at a time."""

    def __init__(self, room: Room, size: int) -> None:
        self._room = room
        self._size = size

    def keep(self, size: int) -> None:
        """Change the share to what is needed now that it is known, without waiting; what is small needs nothing."""
        kept = 0 if size <= SMALL_BYTES else size
        self._room.give(self._size - kept)
        self._size = kept

    def end(self) -> None:
        """Give all of it back."""
        self._room.give(self._size)
        self._size = 0
