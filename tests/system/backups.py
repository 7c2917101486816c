"""What the tests of backups share: a store with a bit of everything, all that a store holds, and a command over it."""

import io
import json
import uuid
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import msgspec
import redis

from karin.cli.main import main
from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.model import Snapshot
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import paused_by_user
from karin.sqs.message import MessageAttribute
from karin.sqs.moves import MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.copying import ENDS_OF_THE_LIVING, OF_THE_LIVING
from karin.store.messages import Call, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.processes import bare_environ
from tests.store import fifo
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, claim, create, send, settlement

DEAD = QueueId(ACCOUNT, "dead")
FAIR = QueueId(ACCOUNT, "fair")
ODD_BODY = "\x00\r\n\ud55c\U0001f600}{" * 50
Contents = dict[bytes, Any]


def contents(store_url: str) -> Contents:
    """Return every key of a store with its value and, of the few that expire, when that is, within five seconds."""
    client: Any = redis.Redis.from_url(store_url)
    read = {
        b"hash": client.hgetall,
        b"zset": lambda key: sorted(client.zrange(key, 0, -1, withscores=True)),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"string": client.get,
    }
    living, ends = {key.encode() for key in OF_THE_LIVING}, tuple(end.encode() for end in ENDS_OF_THE_LIVING)
    kept = [key for key in client.keys("*") if key not in living and not key.endswith(ends)]
    found = {key: (read[client.type(key)](key), client.ttl(key) >= 0) for key in kept}
    client.close()
    return found


def run(store_url: str, *arguments: str) -> tuple[int, str, str]:
    """Run a command over a store; return its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments, bare_environ(REDIS_URL=store_url, KARIN_HOME="/nonexistent"))
    return code, out.getvalue(), err.getvalue()


def fill(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    """Fill a store with every type of key that karin writes."""
    now_ms = clock.now_ms()
    store.schema.claim()
    create(store, now_ms, DEAD)
    policy = json.dumps({"deadLetterTargetArn": DEAD.arn("us-east-1"), "maxReceiveCount": 1})
    create(store, now_ms, QUEUE, RedrivePolicy=policy)
    store.queues.tag(QUEUE, {"team": "blue", "empty": ""})
    send(store, now_ms, "fails", queue=DEAD, dead_letter_source_arn=QUEUE.arn("us-east-1"))
    binary = MessageAttribute("Binary", binary_value=bytes(range(256)))
    send(store, now_ms, ODD_BODY, attributes={"raw": binary})
    send(store, now_ms, "delayed", delay_ms=900_000)
    call = Call("uuid", "call", now_ms + 60_000)
    (first,) = claim(store, now_ms, most=1, call=call).messages
    record = Invocation(
        id=str(uuid.uuid4()),
        queue=QUEUE,
        mapping_uuid="uuid",
        function_arn="arn:f",
        outcome=OutcomeKind.FUNCTION_ERROR,
        started_at_ms=now_ms,
        duration_ms=5,
    )
    settled = [settlement(first, Verdict.RETRY, now_ms + 1_000)]
    store.messages.settle(QUEUE, now_ms, settled, call=call, goes_on=True, invocation=pack_invocation(record))
    send(store, now_ms, "done")
    store.messages.settle(
        QUEUE, now_ms, [settlement(one, Verdict.DELETE) for one in claim(store, now_ms, most=1).messages]
    )
    send(store, now_ms, "leased")
    claim(store, now_ms)
    create(store, now_ms, FAIR)
    for group in ("one", "one", "two"):
        send(store, now_ms, group, queue=FAIR, group_id=group)
    create(store, now_ms, FIFO)
    fifo.send(store, now_ms, "a1", "a2", "b1")
    fifo.take(store, now_ms, most=1, attempt_id="again")
    for seconds in ("1", "0"):  # what a delay once held back has a key of its own
        store.queues.set_attributes(FIFO, now_ms, {"DelaySeconds": seconds})
    create(store, now_ms, OTHER)
    for queue in (OTHER, DEAD):
        task = MoveTask(str(uuid.uuid4()), queue.arn("us-east-1"), None, None, now_ms, to_move=1)
        active = store.moves.start(queue, now_ms, task)
        store.moves.advance(active, now_ms, "scheduler", 15_000)
        if queue is OTHER:  # it is over: past tasks are a key of their own
            done = msgspec.structs.replace(task, status=MoveStatus.COMPLETED)
            assert store.moves.end(active, now_ms, "scheduler", done)
    create(store, now_ms, QueueId(ACCOUNT, "gone"))
    store.queues.delete(QueueId(ACCOUNT, "gone"), now_ms)
    store.deployment.replace_snapshot(Snapshot(now_ms, ACCOUNT, "us-east-1"))
    store.deployment.override("uuid", now_ms)
    store.pauses.pause("uuid", paused_by_user("because", now_ms))
    raw.hset(keys.SCHEDULERS, "long-gone", 1)
    raw.set(keys.handover(QUEUE), "somebody", ex=60)
