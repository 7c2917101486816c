"""Replaying through a real ``karin replay`` that calls a real function in a local Lambda service."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL

import pytest
from msgspec.structs import replace

from karin.local.process import LocalLambda
from karin.mapping.invocation import Invocation, compress_event, pack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations import wording
from karin.operations.context import Context
from karin.tui.actions.action import DeedFailed, Done, Means
from karin.tui.actions.replaying import Replay
from karin.tui.views.listing import Subject
from karin.tui.world import World
from tests.processes import bare_environ
from tests.store.support import ACCOUNT, QUEUE, create
from tests.system.whole import definition
from tests.tui.actions.support import means_of, no_child, now_of, world_of

REPLAY = Replay()
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:printer"
INVOCATION = Invocation(
    id="11112222-3333-4444-8555-666677778888",
    queue=QUEUE,
    mapping_uuid="uuid",
    function_arn=ARN,
    outcome=OutcomeKind.FUNCTION_ERROR,
    started_at_ms=0,
    duration_ms=5,
    message_ids=("m-1",),
    attempts=(1,),
    message_count=1,
)
SUBJECT = Subject(INVOCATION.id, queue=QUEUE, invocation_id=INVOCATION.id)


@pytest.fixture(scope="module")
def service() -> Iterator[LocalLambda]:
    folder = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with LocalLambda(definition(folder), stderr=DEVNULL) as running:
        yield running
    shutil.rmtree(folder)


def record(context: Context, body: str | None) -> World:
    """Record a call with an event that has a message with this body, or of which no event was kept."""
    event = {"Records": [{"messageId": "m-1", "body": body}]}
    packed = b"" if body is None else compress_event(json.dumps(event).encode())
    one = replace(INVOCATION, started_at_ms=context.clock.now_ms() - 60_000, compressed_event=packed)
    create(context.store, context.clock.now_ms())
    context.store.messages.settle(QUEUE, context.clock.now_ms(), [], invocation=pack_invocation(one))
    return world_of(context)


def replay(context: Context, service: LocalLambda, store_url: str, world: World) -> Done:
    environ = bare_environ(REDIS_URL=store_url, AWS_ENDPOINT_URL=service.url)
    return REPLAY.do(means_of(context, environ), SUBJECT, {}, world)


def test_it_is_for_an_invocation_and_asks(context: Context) -> None:
    world = record(context, "hello")
    assert REPLAY.applies(SUBJECT, world)
    assert not REPLAY.applies(Subject(queue=QUEUE, message_id="m-1"), world)
    ask = REPLAY.ask(SUBJECT, world, now_of(context))
    assert ask
    (kept,) = world.invocations or ()
    assert ask.text == wording.replay_question(kept, context.clock.now_ms())
    assert "Call printer once more with the event of 1m ago" in ask.text
    assert ask.yes == "Call it"
    assert REPLAY.ask(SUBJECT, World(), now_of(context)), "a function is never called unasked"


def test_a_function_that_succeeds_now_is_told_with_its_log(
    context: Context, service: LocalLambda, store_url: str
) -> None:
    done = replay(context, service, store_url, record(context, "hel\x1b[2Jlo"))
    assert done.text.startswith("printer: succeeded, took ")
    request_id, title, *log = done.lines
    assert request_id.startswith("request id: ")
    assert title == "log tail:"
    assert "hel\\x1b[2Jlo" in log
    assert "\x1b" not in "".join(done.lines)


def test_a_function_that_fails_again_is_an_outcome(context: Context, service: LocalLambda, store_url: str) -> None:
    done = replay(context, service, store_url, record(context, "fail\x07"))
    assert done.text.startswith("printer: failed, took ")
    assert done.lines[0] == "error: ValueError: the body said so"
    assert "fail\\x07" in done.lines


def test_without_an_event_nothing_is_asked_and_nothing_called(context: Context) -> None:
    world = record(context, None)
    assert REPLAY.ask(SUBJECT, world, now_of(context)) is None
    with pytest.raises(DeedFailed, match=r"there is no event of invocation .* to replay: it was too long to be kept"):
        REPLAY.do(means_of(context), SUBJECT, {}, world)


def test_an_invocation_that_is_not_kept_any_more_is_said_to_be_gone(
    context: Context, service: LocalLambda, store_url: str
) -> None:
    with pytest.raises(DeedFailed, match="no invocation that is kept has an id that is, or begins with"):
        replay(context, service, store_url, World())


@pytest.mark.parametrize("printed", ["", "{}", "calling printer ..."])
def test_what_cannot_be_read_is_no_outcome(context: Context, printed: str) -> None:
    means = Means(context, lambda arguments: printed if arguments else no_child(arguments))
    with pytest.raises(DeedFailed, match="what `karin replay` printed cannot be read"):
        REPLAY.do(means, SUBJECT, {}, World())
