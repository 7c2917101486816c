"""Fuzzing finds what it is there to find: each kind of fault, put there on purpose."""

import json
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
from hypothesis import strategies as st

from karin.wsgi.actions import ACTIONS
from tests.fuzz import campaign, watch
from tests.fuzz.campaign import Part, Result, merged, parts, run
from tests.fuzz.judging import judge
from tests.fuzz.stories import STORIES, Failure, Stage, staged
from tests.fuzz.target import Target, fuzz
from tests.fuzz.values import any_text, texts
from tests.fuzz.watch import Watch, no_hangs
from tests.wire.raw import JSON_TYPE, Answer

SEEDS = (b"a long seed",)


@pytest.fixture
def stage(store_url: str) -> Iterator[Stage]:
    with staged(store_url) as opened:
        yield opened


def broken(take: Any, monkeypatch: pytest.MonkeyPatch, inputs: int) -> Part:
    """Let there be one target, which does something; return the part that gives it so many mutations."""
    monkeypatch.setattr(campaign, "TARGETS", (Target("broken", st.text(), take, (KeyError,), SEEDS, any_text),))
    return Part("mutated", "broken", inputs)


def answer(status: int, body: bytes, **headers: str) -> Answer:
    message = Message()
    for name, value in ({"x-amzn-requestid": "id", "content-type": JSON_TYPE} | headers).items():
        message[name.replace("_", "-")] = value
    return Answer(status, message, body)


def test_what_is_not_documented_is_found() -> None:
    target = Target("broken", texts, lambda text: text.index("a"), (KeyError,))
    with pytest.raises(ValueError, match="not found"):
        fuzz(target, 50)


def test_a_failure_is_found_again_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    part = broken(lambda text: text.index("seed"), monkeypatch, 50)
    result = run(part, seed=5)
    number = int(result.failures[0].split("\n")[0].removeprefix("number "))

    assert "ValueError" in result.failures[0]
    assert run(part, seed=5, only=number).failures == [result.failures[0]]


def test_a_slow_input_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="1 are allowed"):
        Watch(bound_ms=1).see(lambda: sum(range(1_000_000)))


def test_an_input_that_never_ends_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "HANG_SECONDS", 0.05)

    def for_ever() -> None:
        while True:
            pass

    seen = Watch()
    with no_hangs(seen), pytest.raises(AssertionError, match="interrupted"):
        seen.see(for_ever)


def test_memory_that_stays_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    result = run(broken(lambda _: kept.append(b"x" * 40_000), monkeypatch, 1_000), seed=5)

    assert result.inputs == 1_000
    assert result.failures[0].startswith("memory grew by ")


def test_a_fault_of_the_server_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(ACTIONS, "CreateQueue", ACTIONS["CreateQueue"]._replace(run=fail))
    with pytest.raises(Failure, match="a fault of the server"):
        STORIES[2].run(stage, 1, 0, Watch())


@pytest.mark.parametrize("key", ["karin:{000000000000/gone}:due", "stray"])
def test_a_key_of_no_queue_is_found(stage: Stage, key: str) -> None:
    stage.check_after()
    stage.raw.set(key, "1")
    with pytest.raises(AssertionError, match="keys of no queue"):
        stage.check_after()


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("ListQueues", answer(500, b"{}")),
        ("ListQueues", answer(302, b"", content_type="text/html")),
        ("ListQueues", answer(200, b"[]")),
        ("ListQueues", answer(200, b"{")),
        ("ListQueues", answer(200, b'{"QueueUrls":"work"}')),
        ("GetQueueUrl", answer(200, b'{"QueueUrl":"work","Extra":1}')),
        ("ListQueues", answer(200, b"<ListQueuesResponse>", content_type="text/xml")),
        ("ListQueues", answer(400, b'{"message":"no type"}')),
        (
            "ListQueues",
            answer(
                404,
                json.dumps({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": ""}).encode(),
                x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
        ),
    ],
)
def test_an_answer_that_no_sdk_expects_is_found(action: str, wrong: Answer) -> None:
    with pytest.raises(Exception, match=r"(?s).*"):  # of any kind: a parser's own, or an assertion
        judge(wrong, action, "json")


def test_the_pieces_of_a_target_are_told_as_one() -> None:
    first, second = parts(400_000, ["filters"], "mutated")[:2]
    one, other = Result(first, 5, 1.0, 3.0, 20, 10), Result(second, 6, 2.0, 4.0, 20, 30, ["number 7"])

    assert merged([one, other]) == [Result(first, 11, 3.0, 4.0, 20, 30, ["number 7"])]


def test_a_campaign_shares_its_inputs_out() -> None:
    found = parts(100_000)
    assert sum(part.inputs for part in found) == pytest.approx(100_000, rel=0.01)
    assert {part.way for part in found} == set(campaign.SHARES)
    assert parts(100, ["filters"], "mutated") == [Part("mutated", "filters", 100)]
