"""``/healthz``, by GET or HEAD: whether the store answers and a scheduler is alive, for load balancers and people;
``/livez``: whether the endpoint answers.
"""

from http import HTTPStatus

import falcon

from karin.budget.ledger import Ledger
from karin.budget.levels import Level
from karin.operations.context import Context
from karin.operations.status import scheduler_count
from karin.settings import Settings
from karin.store.faults import FULL, OVERLOADED, StoreUnavailable

GOOD_FOR_MS = 20_000  # a good answer is given again for so long: checks every few seconds must not eat a Redis plan
BAD_FOR_MS = 1_000  # and a bad one: anybody may ask
SHORT_GOOD_FOR_MS = 300_000  # the same while the commands of the day are short
SHORT_BAD_FOR_MS = 20_000
TAKES_CALLS = (FULL, OVERLOADED)  # faults with which messages are still delivered: no reason to take a machine away


class Alive:
    """Answers 200 without asking the store: whether the endpoint itself does its work."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer."""
        response.content_type = falcon.MEDIA_JSON
        response.media = {"status": "ok"}

    on_head = on_get


class Health:
    """Answers 200 ``{"status": "ok"}``, or 503 with the reason."""

    def __init__(self, context: Context, settings: Settings, ledger: Ledger | None = None) -> None:
        self._context = context
        self._ledger = ledger
        self._settings = settings
        # A store on this machine may be asked as often as one likes.
        is_near = settings.store_url.startswith("unix:")
        self._good_for_ms, self._bad_for_ms = (0, 0) if is_near else (GOOD_FOR_MS, BAD_FOR_MS)
        self._last_reason: str | None = "the store has not answered yet"
        self._asked_at_ms = self._valid_for_ms = 0

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer a health check."""
        reason = self._reason()
        response.content_type = falcon.MEDIA_JSON
        if reason is None:
            response.media = {"status": "ok"}
        else:
            response.status = HTTPStatus.SERVICE_UNAVAILABLE
            response.media = {"status": "unavailable", "reason": reason}

    on_head = on_get  # as some load balancers ask; Falcon leaves the body out

    def _reason(self) -> str | None:
        now_ms = self._context.clock.now_ms()
        fault = self._context.store.faults.current() if self._context.store.faults else None
        if fault in TAKES_CALLS:
            fault = None
        if fault and not fault.is_whole:
            return f"the store does not serve: {fault.advice}"
        if fault is None and 0 <= now_ms - self._asked_at_ms < self._valid_for_ms:  # a clock may be set
            return self._last_reason
        good_for_ms, bad_for_ms = self._valid_ms()
        # Whoever asks meanwhile is told what was known last.
        self._asked_at_ms, self._valid_for_ms = now_ms, bad_for_ms
        self._last_reason = self._ask()
        self._valid_for_ms = good_for_ms if self._last_reason is None else bad_for_ms
        return self._last_reason

    def _valid_ms(self) -> tuple[int, int]:
        """Return for how long a good answer and a bad one are given again."""
        outlook = self._ledger.look() if self._ledger else None
        is_short = outlook is not None and outlook.level >= Level.HEALTH
        return (SHORT_GOOD_FOR_MS, SHORT_BAD_FOR_MS) if is_short else (self._good_for_ms, self._bad_for_ms)

    def _ask(self) -> str | None:
        try:
            if scheduler_count(self._context, self._settings) == 0:
                return "no scheduler is alive: messages are accepted and wait"
        except StoreUnavailable as error:
            return str(error)
        return None
