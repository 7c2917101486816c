"""Looking at messages and invocations, and calling a function once more: what is told, and that nothing is touched."""

import json
from typing import Any

import pytest
import redis

from karin.mapping.invocation import Invocation, compress_event, pack_invocation
from karin.mapping.model import REPORT_BATCH_ITEM_FAILURES, LambdaFunction, Mapping, Snapshot
from karin.mapping.outcome import InvokeResult, OutcomeKind, Responded, Unknown
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused
from karin.operations import inspecting, wording
from karin.operations.context import Context
from karin.operations.replaying import NothingToReplay, Replay, replay
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId
from karin.store import inspect, keys
from karin.store.inspect import MessageState, SeenMessage, UnclearId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.dead_letters import REGION
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, claim, create, outgoing, send

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
EVENT = json.dumps({"Records": [{"messageId": "m-1", "body": "x"}, {"messageId": "m-2", "body": "y"}]}).encode()


class Function:
    """Stands in for AWS: a function that answers as it is told, and what it was called with."""

    def __init__(self, result: InvokeResult, clock: ManualClock) -> None:
        self.result = result
        self.clock = clock
        self.calls: list[tuple[str, bytes, int]] = []

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Note the call and answer after 70 ms."""
        self.calls.append((function_arn, payload.data, timeout_seconds))
        self.clock.advance(ms=70)
        return self.result


def invocation(id_: str, started_at_ms: int, queue: QueueId = QUEUE, **others: Any) -> Invocation:
    """Return a call that succeeded, unless said otherwise."""
    facts: dict[str, Any] = {
        "mapping_uuid": "uuid",
        "function_arn": ARN,
        "outcome": OutcomeKind.SUCCEEDED,
        "duration_ms": 5,
        "message_ids": ("m-1", "m-2"),
        "attempts": (1, 1),
        "message_count": 2,
        "compressed_event": compress_event(EVENT),
    }
    return Invocation(id=id_, queue=queue, started_at_ms=started_at_ms, **facts | others)


def record(context: Context, *calls: Invocation) -> None:
    """Record calls as they end, the queues being made on the way."""
    for call in calls:
        create(context.store, context.clock.now_ms(), call.queue)
        context.store.messages.settle(call.queue, context.clock.now_ms(), [], invocation=pack_invocation(call))


def snapshot(*response_types: str) -> Snapshot:
    """Return a deployment of one mapping."""
    mapping = Mapping("uuid", QUEUE.arn(REGION), ARN, response_types=response_types)
    return Snapshot(1, ACCOUNT, REGION, functions=(LambdaFunction("f", ARN, timeout_seconds=77),), mappings=(mapping,))


def test_a_look_at_more_messages_than_a_page_holds_goes_on_by_itself(
    context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms())
    for start in range(0, 250, 50):
        store.messages.send(QUEUE, clock.now_ms(), [outgoing(clock.now_ms(), str(start + more)) for more in range(50)])
        clock.advance(ms=1)

    found = inspecting.messages(context, QUEUE, most=220)
    rest = inspecting.messages(context, QUEUE, most=220, after=found.next)

    assert (len(found.messages), len(rest.messages), rest.next) == (220, 30, None)
    assert len({one.message.message_id for one in (*found.messages, *rest.messages)}) == 250


def test_a_short_look_is_one_command(context: Context, store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    create(store, clock.now_ms())
    for number in range(30):
        send(store, clock.now_ms(), str(number))
    inspecting.messages(context, QUEUE, most=1)  # loads the script

    def commands() -> int:
        stats: Any = raw.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval", "script|load"))

    before = commands()
    assert len(inspecting.messages(context, QUEUE, most=20).messages) == 20
    assert commands() - before == 1


def test_a_look_for_what_is_rare_gives_up_after_a_while_and_can_go_on(
    context: Context, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "PAGE_LOOKS", 5)
    monkeypatch.setattr(inspecting, "MOST_PAGES", 3)
    create(store, clock.now_ms())
    store.messages.send(QUEUE, clock.now_ms(), [outgoing(clock.now_ms(), str(number)) for number in range(20)])
    claim(store, clock.now_ms(), most=20)
    send(store, clock.now_ms(), "late", delay_ms=900_000)

    found = inspecting.messages(context, QUEUE, most=10, state=MessageState.DELAYED)
    assert found.messages == ()
    assert found.next is not None
    found = inspecting.messages(context, QUEUE, most=10, state=MessageState.DELAYED, after=found.next)
    assert [one.message.body for one in found.messages] == ["late"]


def test_system_attributes_are_those_of_the_last_receive(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO)
    sent_at_ms = clock.now_ms()
    fifo.send(store, sent_at_ms, "a0")
    (one,) = inspecting.messages(context, FIFO, most=1).messages
    assert inspecting.system_attributes_of(FIFO, one) == {
        "ApproximateReceiveCount": "0",
        "SentTimestamp": str(sent_at_ms),
        "SequenceNumber": "10000000000000000001",
        "MessageGroupId": "a",
        "SenderId": "",
        "MessageDeduplicationId": "a0",
    }

    received_at_ms = clock.advance(seconds=5)
    fifo.take(store, received_at_ms)
    one = inspecting.message(context, FIFO, one.message.message_id[:8].upper())
    attributes = inspecting.system_attributes_of(FIFO, one)
    assert attributes["ApproximateReceiveCount"] == "1"
    assert attributes["ApproximateFirstReceiveTimestamp"] == str(received_at_ms)
    assert attributes["SequenceNumber"] == "10000000000000000001"


@pytest.mark.parametrize(
    ("queue", "attributes", "delay_ms"),
    [
        (QUEUE, {"MessageRetentionPeriod": 60}, 0),
        (QUEUE, {"MessageRetentionPeriod": 60}, 30_000),
        (QUEUE, {"MessageRetentionPeriod": 60}, 90_000),
        (FIFO, {"MessageRetentionPeriod": 60}, None),
        (FIFO, {"MessageRetentionPeriod": 60, "DelaySeconds": 90}, None),
    ],
    ids=["at once", "delayed", "delayed beyond", "fifo", "fifo delayed beyond"],
)
def test_a_message_expires_at_the_instant_that_is_told(
    context: Context, store: Store, clock: ManualClock, queue: QueueId, attributes: dict[str, int], delay_ms: int | None
) -> None:
    create(store, clock.now_ms(), queue, VisibilityTimeout=0, **attributes)  # a lease of 1 ms
    fields = {"group_id": "a", "deduplication_id": "d"} if queue.is_fifo else {}
    send(store, clock.now_ms(), queue=queue, delay_ms=delay_ms, **fields)
    (seen,) = inspecting.messages(context, queue, most=1).messages
    message = inspecting.message(context, queue, seen.message.message_id).message
    expires_at_ms = inspecting.expires_at_ms(message, store.queues.describe(queue, clock.now_ms()))
    assert expires_at_ms

    last = claim(store, expires_at_ms - 1, queue=queue)
    gone = claim(store, expires_at_ms, queue=queue)

    assert (len(last.messages), len(gone.messages)) == (1, 0)


@pytest.mark.parametrize("beginning", ["", "abc"])
def test_an_id_has_four_characters_at_least(context: Context, beginning: str) -> None:
    create(context.store, context.clock.now_ms())
    with pytest.raises(UnclearId, match="too short for an id"):
        inspecting.message(context, QUEUE, beginning)
    with pytest.raises(UnclearId, match="too short for an id"):
        inspecting.invocation(context, beginning)


def test_invocations_of_all_queues_come_newest_first(context: Context, clock: ManualClock) -> None:
    start_ms = clock.now_ms()
    record(context, *(invocation(f"id-{n}", start_ms + n, (QUEUE, OTHER, FIFO)[n % 3]) for n in range(9)))

    def ids(**how: Any) -> list[str]:
        return [one.id for one in inspecting.invocations(context, **how)]

    assert ids(most=20) == [f"id-{n}" for n in range(8, -1, -1)]
    assert ids(most=4) == ["id-8", "id-7", "id-6", "id-5"]
    assert ids(most=2, queue=OTHER) == ["id-7", "id-4"]


def test_failed_invocations_are_found_behind_any_number_of_others(context: Context, clock: ManualClock) -> None:
    start_ms = clock.now_ms()
    kinds = [kind for kind in OutcomeKind if kind not in (OutcomeKind.SUCCEEDED, OutcomeKind.FILTERED)]
    record(context, *(invocation(kind.value, start_ms + n, outcome=kind) for n, kind in enumerate(kinds)))
    record(context, *(invocation(f"fine-{n}", start_ms + 100 + n) for n in range(30)))
    record(context, invocation("filtered", start_ms + 200, outcome=OutcomeKind.FILTERED))

    found = inspecting.invocations(context, most=20, failed=True)

    assert [one.outcome for one in found] == kinds[::-1]


def test_a_call_that_was_recorded_twice_is_one_call(context: Context, clock: ManualClock) -> None:
    """A settle whose reply was lost is made again, and records its call again."""
    create(context.store, clock.now_ms())
    for one in (invocation("11112222", 1), invocation("33334444", 2, outcome=OutcomeKind.FUNCTION_ERROR)):
        for _ in range(2):
            context.store.messages.settle(QUEUE, clock.now_ms(), [], invocation=pack_invocation(one))

    assert [one.id for one in inspecting.invocations(context, most=9)] == ["33334444", "11112222"]
    assert [one.id for one in inspecting.invocations(context, QUEUE, most=9, failed=True)] == ["33334444"]
    assert inspecting.invocation(context, "1111").id == "11112222"
    assert len(context.store.views.invocations([QUEUE])) == 4, "the records are there"


def test_an_invocation_is_found_by_the_beginning_of_its_id(context: Context, clock: ManualClock) -> None:
    calls = [invocation("abcd1111", clock.now_ms()), invocation("abcd2222", clock.now_ms(), OTHER)]
    record(context, *calls)

    assert inspecting.invocation(context, "abcd1") == calls[0]
    assert inspecting.invocation(context, "ABCD2222") == calls[1]
    assert inspecting.invocation(context, "abcd", OTHER) == calls[1]
    with pytest.raises(UnclearId, match=r"abcd is ambiguous: abcd\d{4} and abcd\d{4} begin with it"):
        inspecting.invocation(context, "abcd")
    with pytest.raises(UnclearId, match="no invocation that is kept"):
        inspecting.invocation(context, "ffff")
    with pytest.raises(UnclearId, match="no invocation that is kept"):
        inspecting.invocation(context, "abcd2", QUEUE)


def replayed(
    context: Context, clock: ManualClock, result: InvokeResult, call: Invocation | None = None
) -> tuple[Replay, Function]:
    """Replay a call whose function answers so now."""
    function = Function(result, clock)
    return replay(context, call or invocation("id", clock.now_ms()), function), function


def test_a_replay_hands_over_the_same_event_byte_by_byte(context: Context, clock: ManualClock) -> None:
    context.store.deployment.replace_snapshot(snapshot())
    started_at_ms = clock.now_ms()

    done, function = replayed(context, clock, Responded(log_tail="printed", request_id="r-1"))

    assert function.calls == [(ARN, EVENT, 77)]
    assert (done.outcome, done.is_done, done.failed_ids) == (OutcomeKind.SUCCEEDED, True, ())
    assert (done.started_at_ms, done.duration_ms) == (started_at_ms, 70)
    assert (done.log_tail, done.request_id) == ("printed", "r-1")


def test_a_replay_that_fails_tells_why(context: Context, clock: ManualClock) -> None:
    payload = b'{"errorType": "ValueError", "errorMessage": "no"}'
    done, _ = replayed(context, clock, Responded(function_error="Unhandled", payload=payload, log_tail="Traceback"))

    assert (done.outcome, done.is_done) == (OutcomeKind.FUNCTION_ERROR, False)
    assert (done.error_type, done.error_message, done.log_tail) == ("ValueError", "no", "Traceback")
    assert done.failed_ids == ("m-1", "m-2")


def test_a_partial_response_is_read_for_all_messages_of_the_event(context: Context, clock: ManualClock) -> None:
    """A record keeps the ids of a large batch only in part; the event has them all."""
    context.store.deployment.replace_snapshot(snapshot(REPORT_BATCH_ITEM_FAILURES))
    answer = Responded(payload=b'{"batchItemFailures": [{"itemIdentifier": "m-2"}]}')
    call = invocation("id", clock.now_ms(), message_ids=("m-1",), attempts=(1,))

    done, _ = replayed(context, clock, answer, call)
    assert (done.outcome, done.is_done, done.failed_ids) == (OutcomeKind.PARTIAL, False, ("m-2",))

    context.store.deployment.replace_snapshot(snapshot())
    assert replayed(context, clock, answer, call)[0].is_done, "its mapping does not ask for such a response any more"


def test_a_replay_works_though_nothing_was_ever_synced(context: Context, clock: ManualClock) -> None:
    done, function = replayed(context, clock, Responded())
    assert done.is_done
    assert function.calls == [(ARN, EVENT, 3)]


def test_a_replay_that_reaches_no_function_says_what_to_do(context: Context, clock: ManualClock) -> None:
    done, _ = replayed(context, clock, Refused("AccessDeniedException", 403, "no", request_id="r-1"))
    assert (done.outcome, done.error_type) == (OutcomeKind.REFUSED, "AccessDeniedException")
    assert "lambda:InvokeFunction" in done.error_message
    done, _ = replayed(context, clock, Refused("TooManyRequestsException", 429, "Rate Exceeded."))
    assert (done.outcome, done.error_message) == (OutcomeKind.THROTTLED, "Rate Exceeded.")
    done, _ = replayed(context, clock, Unknown("ReadTimeout", "no answer"))
    assert (done.outcome, done.error_type, done.is_done) == (OutcomeKind.UNKNOWN, "ReadTimeout", False)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (OutcomeKind.SUCCEEDED, "it was too long to be kept"),
        (OutcomeKind.FILTERED, "no message passed the filters"),
        (OutcomeKind.THROTTLED, "AWS refused the call"),
    ],
)
def test_an_event_that_was_not_kept_cannot_be_replayed(
    context: Context, clock: ManualClock, outcome: OutcomeKind, words: str
) -> None:
    call = invocation("the-id", clock.now_ms(), outcome=outcome, compressed_event=b"")
    function = Function(Responded(), clock)
    with pytest.raises(NothingToReplay, match=f"invocation the-id to replay: .*{words}"):
        replay(context, call, function)
    assert function.calls == []


def test_a_replay_touches_neither_messages_nor_records(context: Context, clock: ManualClock, raw: redis.Redis) -> None:
    call = invocation("the-id", clock.now_ms())
    record(context, call)
    attributes = {"n": MessageAttribute("Number", string_value="1")}
    send(context.store, clock.now_ms(), attributes=attributes)
    claim(context.store, clock.now_ms())

    def content() -> list[Any]:
        return [
            context.store.views.messages(QUEUE, clock.now_ms(), most=9),
            context.store.views.invocations([QUEUE]),
            raw.hgetall(keys.queue(QUEUE)),
        ]

    before = content()
    assert replayed(context, clock, Responded(), call)[0].is_done
    assert content() == before


def test_durations_are_short_at_any_length() -> None:
    spoken = {0: "0ms", -5: "0ms", 999: "999ms", 1_000: "1.0s", 1_999: "1.9s", 59_999: "59s", 60_000: "1m"}
    assert {ms: wording.elapsed(ms) for ms in spoken} == spoken
    assert wording.elapsed(14 * 86_400_000) == "14d"


def test_a_message_that_waits_for_its_group_is_said_to_be_behind(
    context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms(), FIFO)
    fifo.send(store, clock.now_ms(), "a0", "a1", "b0")
    fifo.take(store, clock.now_ms(), most=1)

    def words(one: SeenMessage) -> tuple[str, str]:
        return one.message.body, wording.message_state(one, clock.now_ms())

    found = map(words, inspecting.messages(context, FIFO, most=9).messages)
    assert [*found] == [("a0", "leased"), ("a1", "behind"), ("b0", "ready")]
