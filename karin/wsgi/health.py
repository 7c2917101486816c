"""``GET /healthz``: whether the store answers and a scheduler is alive, for load balancers and people."""

from http import HTTPStatus

import falcon

from karin.operations.context import Context
from karin.operations.status import scheduler_count
from karin.store.connection import StoreUnavailable

GOOD_FOR_MS = 20_000  # a good answer is given again for so long: checks every few seconds must not eat a Redis plan


class Health:
    """Answers 200 ``{"status": "ok"}``, or 503 with the reason."""

    def __init__(self, context: Context, sweep_interval_seconds: int) -> None:
        self._context = context
        self._sweep_interval_seconds = sweep_interval_seconds
        self._good_until_ms = 0

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer a health check."""
        reason = self._reason()
        response.content_type = falcon.MEDIA_JSON
        if reason is None:
            response.media = {"status": "ok"}
        else:
            response.status = HTTPStatus.SERVICE_UNAVAILABLE
            response.media = {"status": "unavailable", "reason": reason}

    def _reason(self) -> str | None:
        now_ms = self._context.clock.now_ms()
        if now_ms < self._good_until_ms:
            return None
        try:
            if scheduler_count(self._context, self._sweep_interval_seconds) == 0:
                return "no scheduler is alive: messages are accepted and wait"
        except StoreUnavailable as error:
            return str(error)
        self._good_until_ms = now_ms + GOOD_FOR_MS
        return None
