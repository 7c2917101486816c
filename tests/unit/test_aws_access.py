"""When an access is looked for, when it is used meanwhile, and when it is forgotten."""

import threading
from concurrent.futures import ThreadPoolExecutor

from karin.aws.access import FAILURE_KEPT_MS, LAST_USE_MS, RENEW_MS, Access, AccessBook, Found, Route
from karin.mapping.refusals import Refused
from tests.clocks import ManualClock
from tests.support import wait_until

HOUR_MS = 3_600_000
NO_KEYS = Found(refused=Refused("NoCredentialsError"))


class Aws:
    """Answers what is asked for with what a test says."""

    def __init__(self) -> None:
        self.clock = ManualClock(HOUR_MS)
        self.book = AccessBook(self.find, self.clock)
        self.asked: list[str] = []
        self.answer = Found()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def find(self, region: str) -> Found:
        self.asked.append(region)
        self.goes_on.wait(10)
        return self.answer


def access(key_id: str, expires_at_ms: int | None = None) -> Found:
    return Found(Access(Route("https://lambda"), "us-east-1", "lambda", key_id, "secret", None, expires_at_ms))


def test_keys_that_never_expire_are_found_once_for_each_region() -> None:
    aws = Aws()
    aws.answer = access("A")

    for _ in range(3):
        assert aws.book.of("us-east-1") == aws.book.of("eu-west-1") == access("A")
        aws.clock.advance(ms=1_000 * HOUR_MS)

    assert aws.asked == ["us-east-1", "eu-west-1"]


def test_keys_are_renewed_before_they_expire() -> None:
    aws = Aws()
    aws.answer = access("A", 2 * HOUR_MS)
    aws.book.of("us-east-1")

    aws.answer = access("B", 3 * HOUR_MS)
    aws.clock.advance(ms=HOUR_MS - RENEW_MS - 1)
    assert aws.book.of("us-east-1") == access("A", 2 * HOUR_MS)
    aws.clock.advance(ms=1)
    assert aws.book.of("us-east-1") == access("B", 3 * HOUR_MS)


def test_old_keys_are_used_to_the_end_when_there_are_no_new_ones() -> None:
    aws = Aws()
    aws.answer = access("A", 2 * HOUR_MS)
    aws.book.of("us-east-1")
    aws.answer = NO_KEYS

    aws.clock.advance(ms=HOUR_MS - LAST_USE_MS - 1)
    assert aws.book.of("us-east-1") == access("A", 2 * HOUR_MS)
    aws.clock.advance(ms=FAILURE_KEPT_MS)
    assert aws.book.of("us-east-1") == NO_KEYS


def test_nobody_waits_for_new_keys_while_the_old_ones_are_good() -> None:
    aws = Aws()
    aws.answer = access("A", 2 * HOUR_MS)
    aws.book.of("us-east-1")
    aws.clock.advance(ms=HOUR_MS - RENEW_MS)
    aws.answer = access("B")
    aws.goes_on.clear()

    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(aws.book.of, "us-east-1")
        wait_until(lambda: len(aws.asked) == 2, "new keys are looked for")
        assert aws.book.of("us-east-1") == access("A", 2 * HOUR_MS)
        aws.goes_on.set()
        assert renewing.result(10) == access("B")


def test_a_failure_is_believed_for_a_moment() -> None:
    aws = Aws()
    aws.answer = NO_KEYS
    assert aws.book.of("us-east-1") == aws.book.of("us-east-1") == NO_KEYS
    assert len(aws.asked) == 1

    aws.answer = access("A")
    aws.clock.advance(ms=FAILURE_KEPT_MS)
    assert aws.book.of("us-east-1") == access("A")


def test_keys_that_aws_refuses_are_found_anew_once_however_many_calls_were_refused() -> None:
    aws = Aws()
    aws.answer = access("A")
    refused = aws.book.of("us-east-1").access
    assert refused is not None
    aws.answer = access("B")

    for _ in range(3):
        aws.book.forget("us-east-1", refused)
        assert aws.book.of("us-east-1") == access("B")

    assert len(aws.asked) == 2


def test_an_access_never_shows_its_secrets() -> None:
    assert "secret" not in repr(access("A"))
