"""What has been invoked lately: a bounded ring of records, newest last.

Imports no server, so that those who read it over HTTP may use its types.
"""

from collections import deque

import msgspec

KEEP = 256  # records; each holds at most one invocation's kept output, 64 KB
INVOCATIONS_PATH = "/_karin/invocations"
DEFINITION_PATH = "/_karin/definition"  # POST: the definition file is read again


class InvocationRecord(msgspec.Struct, frozen=True):
    """One finished invocation. ``log`` is the function's own output; ``error`` is one line, or None."""

    sequence: int
    function: str
    request_id: str
    received_at_ms: int
    finished_at_ms: int
    message_ids: tuple[str, ...]
    error: str | None
    log: str


class InvocationPage(msgspec.Struct, frozen=True):
    """The answer of GET /_karin/invocations."""

    invocations: tuple[InvocationRecord, ...]


class Records:
    """Numbers invocations in the order in which they finish, from 1, and forgets the oldest."""

    def __init__(self) -> None:
        self._ring: deque[InvocationRecord] = deque(maxlen=KEEP)
        self._next_sequence = 1

    def add(
        self,
        *,
        function: str,
        request_id: str,
        received_at_ms: int,
        finished_at_ms: int,
        message_ids: tuple[str, ...],
        error: str | None,
        log: str,
    ) -> None:
        """Keep a record of a finished invocation."""
        self._ring.append(
            InvocationRecord(
                self._next_sequence, function, request_id, received_at_ms, finished_at_ms, message_ids, error, log
            )
        )
        self._next_sequence += 1

    def after(self, sequence: int) -> InvocationPage:
        """Return the records numbered higher than ``sequence``, newest last."""
        return InvocationPage(tuple(record for record in self._ring if record.sequence > sequence))
