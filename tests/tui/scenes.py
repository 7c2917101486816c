"""Whole worlds as a person meets them: a new karin, one at work, and one in trouble. Their names and texts are awkward
on purpose: long, wide, and with things that would command a terminal.
"""

import json
from typing import Any

from karin.doctor.findings import note, problem
from karin.mapping.model import FunctionUrl
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import Pause, PausedBy, paused_by_user
from karin.sqs.message import MessageAttribute
from karin.store.agenda import Agenda, DueEntry
from karin.store.inspect import MessageState
from karin.store.inspection import StoreFacts
from karin.tui.world import Examination, LogLine, OneMessage, Process, QueueMessages, Spending
from tests.tui.worlds import (
    NOW_MS,
    REGION,
    arn_of,
    function,
    invocation,
    mapping,
    message_id,
    queue_id,
    queue_state,
    seen_message,
    snapshot,
    world,
)

MEGABYTE = 1024 * 1024
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LONG_NAME = "staging-europe-invoice-reconciliation-events-v2"
ORDERS = queue_id("orders")
KOREAN = "주문이 확인되었습니다 🎉 내일 도착해요"
ORDER = '{"id": 8123, "customer": "김민준", "lines": [{"sku": "A-1", "count": 2}], "price": 41.50}'


def _dead_letters(target: str) -> dict[str, str]:
    policy = {"deadLetterTargetArn": queue_id(target).arn(REGION), "maxReceiveCount": 3}
    return {"RedrivePolicy": json.dumps(policy)}


_FUNCTIONS = (
    function(
        "handleOrder",
        timeout_seconds=30,
        memory_mb=512,
        urls=(FunctionUrl("https://k3tq7.lambda-url.us-east-1.on.aws/", "NONE", arn_of("handleOrder")),),
    ),
    function("sendMail", runtime="nodejs22.x", memory_mb=256),
    function(f"{LONG_NAME}-consumer", timeout_seconds=900, memory_mb=10_240),
    function("thumbnails", runtime="", log_group="", urls_read_at_ms=0),
)
_MAPPINGS = (
    mapping("mail", "sendMail", batch_size=100, window_seconds=5),
    mapping("orders", "handleOrder:live", max_concurrency=4, filters=('{"body": {"id": [{"exists": true}]}}',)),
    mapping("orders.fifo", "handleOrder:live", response_types=("ReportBatchItemFailures",)),
    mapping(LONG_NAME, f"{LONG_NAME}-consumer"),
)
_DONE = (0, 0, 1, 0, 3, 8, 2, 0, 0, 1, 1, 12, 30, 7, 0, 0, 0, 0, 2, 4, 6, 9, 5, 5, 3, 0, 0, 1, 2, 4)
_QUEUES = (
    queue_state("mail", delayed=2, due_in_ms=4 * MINUTE_MS, oldest_sent_at_ms=NOW_MS - MINUTE_MS),
    queue_state(
        "orders",
        ready=3,
        delayed=1,
        leased=1,
        due_in_ms=-2_000,
        oldest_sent_at_ms=NOW_MS - 95_000,
        done=_DONE,
        attributes=_dead_letters("orders-dead"),
    ),
    queue_state("orders-dead"),
    queue_state("orders.fifo", leased=4, due_in_ms=28_000, oldest_sent_at_ms=NOW_MS - 3_000, done=(0,) * 29 + (9,)),
    queue_state("reports"),
    queue_state(LONG_NAME, delayed=12_345, due_in_ms=3 * DAY_MS, oldest_sent_at_ms=NOW_MS - 2 * DAY_MS),
)
MESSAGES = (
    seen_message(1, ORDER, due_in_ms=-2_000, sent_ago_ms=95_000, tries=1, first_received_ago_ms=60_000),
    seen_message(2, KOREAN, due_in_ms=-1_000, sent_ago_ms=41_000),
    seen_message(3, "line one\nline two\ttabbed \x1b[31mred\x1b[0m \x1b]0;title\x07", due_in_ms=-200, sent_ago_ms=200),
    seen_message(4, "👩‍👩‍👧 🇰🇷 e\u0301", MessageState.LEASED, due_in_ms=28_000, tries=2, first_received_ago_ms=45_000),
    seen_message(5, "x" * 256, MessageState.DELAYED, due_in_ms=2 * HOUR_MS, body_bytes=204_800),
)
MESSAGE = seen_message(
    1,
    ORDER,
    due_in_ms=-2_000,
    sent_ago_ms=95_000,
    tries=1,
    first_received_ago_ms=60_000,
    sender_id="AKIAEXAMPLE",
    attributes={
        "origin": MessageAttribute("String", string_value="가게 앱"),
        "thumbnail": MessageAttribute("Binary.png", binary_value=b"\x89PNG"),
    },
)
_LOGS = (
    LogLine(NOW_MS - 2 * DAY_MS, "supervisor", "INFO", "karin is up: SQS endpoint http://127.0.0.1:4000"),
    LogLine(NOW_MS - HOUR_MS, "store", "INFO", "20788:M 14 Nov 2023 21:13:20.668 * DB saved on disk"),
    LogLine(NOW_MS - 90_000, "scheduler", "INFO", "INFO synced: 4 functions, 4 mappings in us-east-1"),
    LogLine(NOW_MS - 9_000, "endpoint", "INFO", "[2023-11-14 22:13:11 +0000] [7] [INFO] Booting worker with pid: 7"),
    LogLine(NOW_MS - 4_000, "endpoint", "DEBUG", f"DEBUG sent to orders: {KOREAN}"),
)
_INFO = {
    "redis_version": "7.2.4",
    "valkey_version": "9.1.2",
    "used_memory": str(9 * MEGABYTE),
    "total_system_memory": str(256 * MEGABYTE),
    "maxmemory": "0",
    "maxmemory_policy": "noeviction",
    "connected_clients": "6",
    "maxclients": "128",
    "total_commands_processed": "36411",
    "uptime_in_seconds": "7200",
}
_EVENT = json.dumps({"Records": [{"messageId": message_id(1), "body": ORDER, "eventSource": "aws:sqs"}]}).encode()
CALL = invocation(1, ago_ms=4_000, function="handleOrder:live", event=_EVENT)
_LOCAL: dict[str, Any] = {
    "processes": (
        Process("supervisor", 1, 10 * MEGABYTE),
        Process("store", 6, 4 * MEGABYTE),
        Process("endpoint", 7, 22 * MEGABYTE + MEGABYTE // 2),
        Process("endpoint worker 1", 12, 19 * MEGABYTE),
        Process("scheduler", 8, 31 * MEGABYTE),
        Process("karin-tui", 94, 38 * MEGABYTE),
    ),
    "karin_started_at_ms": NOW_MS - 2 * DAY_MS,
    "spending": Spending(24, NOW_MS - 2 * MINUTE_MS),
}

EMPTY = world(
    None,
    invocations=(),
    agenda=Agenda(NOW_MS, {}, ()),
    logs=(),
    store=StoreFacts(info=_INFO),
    spending=Spending(6, NOW_MS - 3_000),
)
"""A karin that has just begun: no queue, nothing synced."""
EMPTY_QUEUE = world(None, queue_state("orders"), messages=QueueMessages(ORDERS))
"""The same with one queue that has no messages."""
BUSY = world(
    snapshot(*_MAPPINGS, functions=_FUNCTIONS),
    *_QUEUES,
    messages=QueueMessages(ORDERS, MESSAGES),
    message=OneMessage(ORDERS, MESSAGE.message.message_id, MESSAGE),
    invocations=(
        CALL,
        invocation(2, ago_ms=31_000, function="handleOrder:live", queue=queue_id("orders.fifo"), message_count=4),
        invocation(3, ago_ms=5 * MINUTE_MS, function="sendMail", queue=queue_id("mail"), message_count=100),
        invocation(4, ago_ms=HOUR_MS, function=f"{LONG_NAME}-consumer", queue=queue_id(LONG_NAME), duration_ms=61_000),
        invocation(5, OutcomeKind.FILTERED, ago_ms=2 * HOUR_MS, function="handleOrder:live", duration_ms=0),
        invocation(6, ago_ms=2 * DAY_MS, function="handleOrder:live", lateness_ms=2_400),
    ),
    agenda=Agenda(
        NOW_MS,
        {ORDERS: (3, 1, 1, 0, 0), queue_id("mail"): (0, 0, 2, 0, 0), queue_id(LONG_NAME): (0, 0, 0, 0, 12_345)},
        (
            DueEntry(ORDERS, NOW_MS - 2_000, message_id(1)),
            DueEntry(ORDERS, NOW_MS - 1_000, message_id(2)),
            DueEntry(queue_id("orders.fifo"), NOW_MS + 28_000, None, "고객 7"),
            DueEntry(queue_id("mail"), NOW_MS + 4 * MINUTE_MS, message_id(8)),
            DueEntry(ORDERS, NOW_MS + 2 * HOUR_MS, message_id(5)),
            DueEntry(queue_id(LONG_NAME), NOW_MS + 3 * DAY_MS, message_id(9)),
        ),
    ),
    logs=_LOGS,
    store=StoreFacts(info=_INFO),
    **_LOCAL,
)
"""A karin at work."""
_PAUSES = {
    "mail-sendMail": paused_by_user("waiting for the new template", NOW_MS - HOUR_MS),
    "orders-handleOrder:live": Pause(
        "AccessDeniedException: not authorized to perform lambda:InvokeFunction on handleOrder",
        NOW_MS - 10 * MINUTE_MS,
        NOW_MS + 4 * MINUTE_MS,
        PausedBy.KARIN,
    ),
}
FAILING = world(
    snapshot(
        *_MAPPINGS[:3],
        mapping("reports", "reportOfTheDay", state="Enabled"),
        mapping(LONG_NAME, f"{LONG_NAME}-consumer", state="Enabled", served_anyway=True),
        functions=_FUNCTIONS,
        warnings=("us-east-1: AWS would not tell of queue reports: AccessDenied",),
    ),
    _QUEUES[0],
    _QUEUES[1],
    queue_state("orders-dead", ready=12, due_in_ms=-9 * DAY_MS, oldest_sent_at_ms=NOW_MS - 9 * DAY_MS),
    *_QUEUES[3:],
    alive=0,
    pauses=_PAUSES,
    messages=QueueMessages(ORDERS, problem="there is no queue orders any more"),
    invocations=(
        invocation(
            1,
            OutcomeKind.FUNCTION_ERROR,
            function="handleOrder:live",
            ago_ms=4_000,
            event=_EVENT,
            error_type="KeyError",
            error_message="'가격' is missing\nin order 8123 \x1b[31m(red)\x1b[0m",
            log_tail="START RequestId: request-1\n[ERROR] KeyError: '가격'\nEND RequestId: request-1\n",
        ),
        invocation(
            2,
            OutcomeKind.THROTTLED,
            function="handleOrder:live",
            ago_ms=20_000,
            error_type="TooManyRequestsException",
            error_message="Rate Exceeded.",
        ),
        invocation(3, OutcomeKind.PARTIAL, function="sendMail", queue=queue_id("mail"), ago_ms=MINUTE_MS),
        invocation(
            4,
            OutcomeKind.REFUSED,
            function="sendMail",
            queue=queue_id("mail"),
            ago_ms=2 * MINUTE_MS,
            error_type="AccessDeniedException",
            error_message="not authorized to perform lambda:InvokeFunction",
        ),
        invocation(
            5, OutcomeKind.UNKNOWN, function="sendMail", queue=queue_id("mail"), ago_ms=HOUR_MS, duration_ms=60_000
        ),
        invocation(6, function="handleOrder:live", ago_ms=2 * HOUR_MS, lateness_ms=64_000),
    ),
    agenda=Agenda(NOW_MS, {queue_id("orders-dead"): (12, 0, 0, 0, 0)}, BUSY.agenda.entries[:2] if BUSY.agenda else ()),
    logs=(
        *_LOGS[:1],
        LogLine(NOW_MS - 5_000, "scheduler", "WARNING", "WARNING mapping mail -> sendMail is paused for 30 s"),
        LogLine(NOW_MS - 4_000, "scheduler", "ERROR", "ERROR handleOrder:live failed: KeyError: '가격' is missing"),
        LogLine(
            NOW_MS - 3_000, "endpoint", "ERROR", "[2023-11-14 22:13:17 +0000] [7] [ERROR] Worker was sent SIGKILL!"
        ),
        LogLine(NOW_MS - 2_000, "store", "WARNING", "6:M 14 Nov 2023 22:13:18.000 # WARNING Memory overcommit is off"),
        LogLine(NOW_MS - 1_000, "supervisor", "CRITICAL", "CRITICAL the scheduler ended 5 times in a minute"),
    ),
    store=StoreFacts(info=_INFO | {"maxmemory": str(9 * MEGABYTE + 1), "maxmemory_policy": "allkeys-lru"}),
    **_LOCAL,
)
"""A karin in trouble."""
HEALTHY = Examination(is_running=False, begun_at_ms=NOW_MS - 2_000)
FOUND = Examination(
    is_running=False,
    begun_at_ms=NOW_MS - 8_000,
    findings=(
        problem(
            "no-scheduler",
            "scheduler",
            "none is alive",
            why="Messages wait: nothing calls your functions.",
            fix="Start one: `karin up`, or `karin scheduler` on a machine of its own.",
        ),
        problem(
            "eviction",
            "store",
            "its eviction policy is allkeys-lru, and it has dropped 1,204 keys",
            why="When its memory is full it drops whole queues in silence, messages and settings alike.",
            fix="Set maxmemory-policy to noeviction: it then refuses new messages, and the sender hears of it.",
        ),
        note(
            "overdue",
            f"queue {LONG_NAME}",
            "3 messages wait for 9 days: nobody takes them",
            why="They expire after 14 days.",
            fix="See `karin messages`, and map the queue to a function.",
        ),
    ),
)
