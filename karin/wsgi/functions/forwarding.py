"""Forwarding a request to a function, as its function URL would: event, call, answer."""

import logging
import threading
from http import HTTPStatus
from typing import Protocol

from karin.mapping.outcome import InvokeResult, Responded
from karin.mapping.payload import Payload
from karin.mapping.refusals import THROTTLED_STATUS, TOO_LARGE_STATUS, Refused, Remedy, pause_reason, remedy
from karin.mapping.url_event import UrlAnswer, UrlOrigin, UrlRequest, answer_of, broken, build_event
from karin.sqs.ids import new_id
from karin.wsgi.functions.known import Reachable

MOST_EVENT_BYTES = 6 * 1024 * 1024  # of a synchronous call (Lambda quotas)
TOO_LARGE = UrlAnswer(TOO_LARGE_STATUS, (), b'{"Message":"Request Entity Too Large"}')
TOO_MANY = UrlAnswer(THROTTLED_STATUS, (), b'{"Message":"Rate Exceeded."}')

log = logging.getLogger("karin.endpoint")


class Invoker(Protocol):
    """Calls functions; never raises for what AWS or the network does."""

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer."""
        ...


def event_of(function: Reachable, request: UrlRequest) -> bytes:
    """Return what a function is called with for a request, as at its own URL."""
    domain_name = function.domain_name
    return build_event(request, UrlOrigin(domain_name.partition(".")[0], domain_name), new_id())


class Forwarding:
    """Calls functions, at most so many at once: whoever finds all places taken is told so, as AWS throttles."""

    def __init__(self, invoker: Invoker, max_concurrency: int) -> None:
        self._invoker = invoker
        self._places = threading.Semaphore(max_concurrency)

    def answer(self, function: Reachable, payload: Payload) -> UrlAnswer:
        """Return what the function's caller gets, whatever happens to the function; ``event_of`` made the payload."""
        if payload.size > MOST_EVENT_BYTES:
            return TOO_LARGE
        if not self._places.acquire(blocking=False):
            return TOO_MANY
        try:
            result = self._invoker.invoke(function.url.function_arn, payload, function.timeout_seconds)
        finally:
            self._places.release()
        if isinstance(result, Responded):
            return broken() if result.function_error else answer_of(result.payload)
        if isinstance(result, Refused):
            if result.status == HTTPStatus.TOO_MANY_REQUESTS:
                return TOO_MANY
            if result.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return TOO_LARGE
            if remedy(result) is Remedy.PAUSE:
                log.warning("%s cannot be called: %s", function.name, pause_reason(result, function.url.function_arn))
                return broken()
        log.warning("a call of %s failed: %s %s", function.name, result.code, result.message)
        return broken()
