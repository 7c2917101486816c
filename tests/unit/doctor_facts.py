"""Facts for the doctor in which all is well, but for what a test changes in them."""

from typing import Any

from msgspec.structs import replace

from karin.doctor.facts import AwsFacts, Facts
from karin.mapping.model import LambdaFunction, MappedQueue, Mapping, Snapshot
from karin.operations.syncing import SyncReport
from karin.sqs.names import QueueId
from karin.store.inspection import StoreFacts
from karin.store.queues import QueueState

NOW_MS = 1_700_000_000_000
ACCOUNT, REGION = "123456789012", "eu-west-1"
QUEUE = QueueId(ACCOUNT, "jobs")
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work"
REDRIVE = f'{{"deadLetterTargetArn":"arn:aws:sqs:{REGION}:{ACCOUNT}:dead","maxReceiveCount":5}}'
GOOD_STORE = StoreFacts(
    info={"maxmemory_policy": "noeviction", "used_memory": "1000000", "aof_enabled": "1"}, save="", clock_ahead_ms=0
)
DEFAULTS = {
    "VisibilityTimeout": "60",
    "MessageRetentionPeriod": "345600",
    "MaximumMessageSize": "1024",
    "RedrivePolicy": REDRIVE,
}


def mapping(**fields: Any) -> Mapping:
    return Mapping("id-1", QUEUE.arn(REGION), FUNCTION_ARN, **fields)


def deployment(one: Mapping | None = None, *, timeout_seconds: int = 3, **attributes: str) -> Snapshot:
    """Return a deployment of one mapping, in order but for the attributes given; an empty one is absent."""
    described = {name: value for name, value in (DEFAULTS | attributes).items() if value}
    return Snapshot(
        1,
        ACCOUNT,
        REGION,
        (LambdaFunction("work", FUNCTION_ARN, timeout_seconds=timeout_seconds),),
        (one or mapping(),),
        (MappedQueue(QueueId(ACCOUNT, "dead").arn(REGION), {}), MappedQueue(QUEUE.arn(REGION), described)),
    )


def facts(one: Snapshot | None = None, /, **fields: Any) -> Facts:
    """Return facts in which all is well but for those given."""
    snapshot = one or deployment()
    healthy = Facts(
        NOW_MS, deployed=snapshot, synced=snapshot, pending=SyncReport(snapshot), store=GOOD_STORE, schedulers_alive=1
    )
    return replace(healthy, **fields)


def store(**info: str) -> StoreFacts:
    return replace(GOOD_STORE, info=GOOD_STORE.info | info)


def queue(ready: int, *, due_ms_ago: int, queue_id: QueueId = QUEUE, **attributes: str) -> QueueState:
    return QueueState(queue_id, attributes, {}, 0, 0, ready, 0, 0, NOW_MS - due_ms_ago)


def filled(held_bytes: int) -> QueueState:
    return replace(queue(1, due_ms_ago=0), held_bytes=held_bytes)


def pending(**changes: Any) -> SyncReport:
    return SyncReport(deployment(), **changes)


def heard(*, clock_ahead_ms: int | None = 0, **fields: Any) -> AwsFacts:
    return AwsFacts(clock_ahead_ms=clock_ahead_ms, **fields)
