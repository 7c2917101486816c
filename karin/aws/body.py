"""The body of a request that lets go of its bytes once they are sent, long before the answer comes."""

import io

from karin.mapping.payload import Payload

READS = 2  # botocore reads a body to sign it, and once more to send it


class SentOnce(io.RawIOBase):
    """A payload as a file. At its end it drops the payload when it was read as often as it has to be."""

    def __init__(self, payload: Payload) -> None:
        super().__init__()
        self._payload = payload
        self._place = 0
        self._ends_to_come = READS

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that botocore may measure it, and begin anew after signing."""
        return True

    def tell(self) -> int:
        """Return the place of the next read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; return it."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._payload.size}[whence]
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises ValueError when they are gone, which is better than sending too few."""
        stop = self._payload.size if size is None or size < 0 else min(self._place + size, self._payload.size)
        if self._place < stop:
            part = self._payload.data[self._place : stop]
            self._place = stop
            return part
        self._ends_to_come -= 1
        if self._ends_to_come == 0:
            self._payload.drop()
        return b""
