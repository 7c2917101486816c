"""What the caller of a function's page gets when AWS does not call the function, and when too many call at once."""

import pytest

from karin.mapping.model import FunctionUrl
from karin.mapping.outcome import InvokeResult, Responded, Unknown
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused
from karin.mapping.url_event import UrlAnswer, UrlRequest, broken
from karin.wsgi.functions.forwarding import MOST_EVENT_BYTES, TOO_LARGE, TOO_MANY, Forwarding, event_of
from karin.wsgi.functions.known import Reachable

WEB = Reachable("web", FunctionUrl("https://web.example/", "NONE", "arn:aws:lambda:eu-west-1:1:function:web"), 7)
REQUEST = UrlRequest("GET", "/", "", {}, b"", "127.0.0.1", 0)


def event() -> Payload:
    """Return what a request becomes."""
    return Payload(event_of(WEB, REQUEST))


class Lambda:
    """Stands in for what calls functions, and may call the page once more meanwhile."""

    def __init__(self, result: InvokeResult) -> None:
        self.result = result
        self.called: list[tuple[str, int]] = []
        self.forwarding: Forwarding | None = None
        self.meanwhile: list[UrlAnswer] = []

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Return the result."""
        assert payload.size
        self.called.append((function_arn, timeout_seconds))
        if self.forwarding is not None and len(self.called) == 1:
            self.meanwhile.append(self.forwarding.answer(WEB, event()))
        return self.result


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (Refused("TooManyRequestsException", 429), TOO_MANY),
        (Refused("RequestTooLargeException", 413), TOO_LARGE),
        (Refused("AccessDeniedException", 403), broken()),
        (Refused("ServiceException", 500), broken()),
        (Unknown("ReadTimeoutError"), broken()),
        (Responded(200, b'{"errorMessage": "no"}', "Unhandled"), broken()),
    ],
)
def test_what_the_caller_gets(result: InvokeResult, answer: UrlAnswer) -> None:
    calls = Lambda(result)
    assert Forwarding(calls, 1).answer(WEB, event()) == answer
    assert calls.called == [(WEB.url.function_arn, 7)]


def test_no_more_calls_are_made_at_once_than_are_allowed() -> None:
    calls = Lambda(Responded(200, b'"x"'))
    calls.forwarding = Forwarding(calls, 1)

    assert calls.forwarding.answer(WEB, event()).status == 200

    assert calls.meanwhile == [TOO_MANY]
    assert calls.forwarding.answer(WEB, event()).status == 200


def test_an_event_that_is_too_long_is_not_sent() -> None:
    calls = Lambda(Responded())
    assert Forwarding(calls, 1).answer(WEB, Payload(bytes(MOST_EVENT_BYTES + 1))) == TOO_LARGE
    assert calls.called == []
