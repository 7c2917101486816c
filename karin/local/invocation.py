"""One call of a function, from the request that asked for it to its outcome."""

import uuid

from gevent.event import AsyncResult

from karin.local.outcome import Outcome


class Invocation:
    """What a runtime is given, and the place where its outcome appears; the first outcome counts."""

    def __init__(
        self,
        function_arn: str,
        payload: bytes,
        received_at_ms: int,
        *,
        message_ids: tuple[str, ...] = (),
        trace_id: str | None = None,
        client_context: str | None = None,
    ) -> None:
        self.request_id = str(uuid.uuid4())
        self.function_arn = function_arn
        self.payload = payload
        self.received_at_ms = received_at_ms
        self.message_ids = message_ids
        self.trace_id = trace_id
        self.client_context = client_context  # JSON
        self.started_at_ms: int | None = None  # the instant a runtime took it
        self._outcome = AsyncResult()

    def settle(self, outcome: Outcome) -> None:
        """Say how it ended, unless that is known already."""
        if not self._outcome.ready():
            self._outcome.set(outcome)

    def reopen(self) -> None:
        """Forget the outcome: the runtime ended before it took this call, and another is to have it."""
        self._outcome = AsyncResult()

    def wait(self, timeout_seconds: float) -> Outcome | None:
        """Wait for the outcome; None when there is none in time."""
        outcome: Outcome | None = self._outcome.wait(timeout_seconds)
        return outcome
