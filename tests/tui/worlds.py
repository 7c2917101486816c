"""Worlds as tests want them: frozen, at one instant. One set of builders for all tests of the terminal UI."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any

from karin.mapping.invocation import Invocation, compress_event
from karin.mapping.model import LambdaFunction, Mapping, Snapshot
from karin.mapping.outcome import OutcomeKind
from karin.operations.status import Status
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.store.inspect import MessageState, SeenMessage
from karin.store.queues import QueueState
from karin.tui.times import Now
from karin.tui.world import QueueMessages, World

NOW_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
NOW = Now(NOW_MS)
NOW_IN_SEOUL = Now(NOW_MS, timezone(timedelta(hours=9), "KST"))  # another day than in UTC: 2023-11-15 07:13:20
ACCOUNT, REGION = "000000000000", "us-east-1"
SYNCED_AGO_MS = 240_000
HOSTILE = {
    "plain": ("hello", "hello"),
    "wide": ("주문 확인", "주문 확인"),
    "emoji": ("👩‍👩‍👧 ok 🇰🇷", "👩‍👩‍👧 ok 🇰🇷"),
    "combining": ("e\u0301te\u0301", "e\u0301te\u0301"),
    "lines": ("one\r\ntwo\n\n\tthree\u2028four", "one two three four"),
    "colours": ("\x1b[1;31mred\x1b[0m", "red"),
    "title": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "clear": ("\x1b[2J\x9b2J\x00", r"\x1b[2J\x9b2J\x00"),
    "turned": ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
    "markup": ("[red]x[/red] [link=a]", "[red]x[/red] [link=a]"),
}
"""Texts from outside, and what one line of them is."""
HOSTILE_MIX = "\x1b[31mred\x1b[0m \x1b]0;title\x07\u202eevil\nnext"
"""Several of them in one text."""


def queue_id(name: str) -> QueueId:
    """Return a queue's id in the usual account."""
    return QueueId(ACCOUNT, name)


def queue_state(
    name: str,
    *,
    ready: int = 0,
    delayed: int = 0,
    leased: int = 0,
    due_in_ms: int | None = None,
    attributes: dict[str, str] | None = None,
    **others: Any,
) -> QueueState:
    """Return a queue with SQS's defaults but for the attributes given."""
    queue = queue_id(name)
    return QueueState(
        queue=queue,
        attributes=defaults_for(fifo=queue.is_fifo) | (attributes or {}),
        tags={},
        created_at_ms=NOW_MS,
        modified_at_ms=NOW_MS,
        ready=ready,
        leased=leased,
        delayed=delayed,
        next_due_at_ms=None if due_in_ms is None else NOW_MS + due_in_ms,
        **others,
    )


def arn_of(function: str) -> str:
    """Return a function's ARN."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def function(name: str = "work", **fields: Any) -> LambdaFunction:
    """Return a function as AWS lists it."""
    facts: dict[str, Any] = {
        "runtime": "python3.13",
        "log_group": f"/aws/lambda/{name}",
        "urls_read_at_ms": NOW_MS,
    } | fields
    return LambdaFunction(name, arn_of(name), **facts)


def mapping(queue: str = "jobs", function: str = "work", **fields: Any) -> Mapping:
    """Return a mapping that karin serves, unless said otherwise."""
    return Mapping(f"{queue}-{function}", queue_id(queue).arn(REGION), arn_of(function), **fields)


def snapshot(*mappings: Mapping, functions: Sequence[LambdaFunction] = (), warnings: Sequence[str] = ()) -> Snapshot:
    """Return a deployment that was read four minutes ago."""
    return Snapshot(
        NOW_MS - SYNCED_AGO_MS, ACCOUNT, REGION, tuple(functions), mappings, warnings=tuple(warnings)
    )  # fmt: skip


def status_of(*queues: QueueState, mappings: tuple[Mapping, ...] | None = None, alive: int = 1) -> Status:
    """Return a status; without mappings nothing was synced yet."""
    return Status(NOW_MS, alive, queues, None if mappings is None else snapshot(*mappings))


def world(deployed: Snapshot | None = None, *queues: QueueState, alive: int = 1, **fields: Any) -> World:
    """Return a world with a status."""
    return World(status=Status(NOW_MS, alive, queues, deployed), **fields)


def message_id(number: int) -> str:
    """Return the id of a message."""
    return f"{number:08}-0000-4000-8000-000000000000"


def seen_message(
    number: int = 1,
    body: str = "hello",
    state: MessageState = MessageState.READY,
    *,
    due_in_ms: int = -1_000,
    sent_ago_ms: int = 60_000,
    tries: int = 0,
    first_received_ago_ms: int | None = None,
    body_bytes: int | None = None,
    **others: Any,
) -> SeenMessage:
    """Return a message as a queue shows it; its id begins with ``number``, ``others`` are fields of the message."""
    return SeenMessage(
        Message(message_id(number), body, NOW_MS - sent_ago_ms, **others),
        state,
        NOW_MS + due_in_ms,
        tries,
        None if first_received_ago_ms is None else NOW_MS - first_received_ago_ms,
        len(body.encode()) if body_bytes is None else body_bytes,
    )


def with_messages(queue: str, *seen: SeenMessage, status: Status | None = None, **others: Any) -> World:
    """Return a world in which a queue's messages were read; ``others`` are has_more and problem."""
    return World(status=status, messages=QueueMessages(queue_id(queue), seen, **others))


def invocation(
    number: int = 1,
    outcome: OutcomeKind = OutcomeKind.SUCCEEDED,
    *,
    ago_ms: int = 5_000,
    event: bytes = b'{"Records":[]}',
    function: str = "work",
    **others: Any,
) -> Invocation:
    """Return a call with two messages of ``orders``; its id begins with ``number``."""
    fields: dict[str, Any] = {
        "queue": queue_id("orders"),
        "duration_ms": 40,
        "lateness_ms": 12,
        "request_id": f"request-{number}",
        "message_ids": (message_id(1), message_id(2)),
        "attempts": (1, 3),
        "message_count": 2,
        "log_tail": "START\nEND\n",
    }
    fields |= others
    return Invocation(
        id=f"{number:08}-1111-4111-8111-111111111111",
        function_arn=arn_of(function),
        outcome=outcome,
        started_at_ms=NOW_MS - ago_ms,
        compressed_event=compress_event(event) if event else b"",
        **{"mapping_uuid": f"{fields['queue'].name}-{function}"} | fields,
    )


EMPTY = status_of()
BUSY = status_of(
    queue_state("mail", delayed=2, due_in_ms=240_000),
    queue_state("orders", ready=3, leased=1, due_in_ms=-2_000),
    queue_state("reports"),
    mappings=(
        mapping("mail", "sendMail", batch_size=100),
        mapping("orders", "handleOrder"),
        mapping("reports", "report", state="Enabled"),
    ),
)
"""Three queues: one waits, one is at work, one is empty and AWS polls it."""
