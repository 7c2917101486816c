"""Several schedulers on one store: they share the queues, deliver each message once, and do not race for every one."""

from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import redis

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.scheduler.scheduled import running_scheduler
from tests.store.support import ACCOUNT, send
from tests.support import short_folder, wait_until
from tests.system.whole import definition

MACHINES, EACH = 2, 3
QUEUES = [QueueId(ACCOUNT, f"queue-{number}") for number in range(8)]
SWEEP_SECONDS = 1
SECONDS = 60


def test_schedulers_share_the_queues_and_deliver_each_message_once(
    store_url: str, store: Store, tmp_path: Path
) -> None:
    logs = [tmp_path / f"{number}.log" for number in range(MACHINES)]
    deployment = definition(tmp_path / "functions", [{"name": queue.name} for queue in QUEUES], batch_size=1)
    with short_folder(), ExitStack() as stack, closing(redis.Redis.from_url(store_url)) as raw:
        functions = stack.enter_context(LocalLambda(deployment))
        for log in logs:
            stack.enter_context(running_scheduler(store_url, functions, log, sweep_seconds=SWEEP_SECONDS))
        wait_until(lambda: len(store.deployment.last_sweeps()) == MACHINES, "all schedulers are there", SECONDS)
        swept = store.deployment.last_sweeps()
        wait_until(
            lambda: all(at_ms > swept[name] for name, at_ms in store.deployment.last_sweeps().items()),
            "each knows of all others",
            SECONDS,
        )
        before = _scripts_run(raw)
        sent = []
        for _ in range(EACH):
            sent += [send(store, SystemClock().now_ms(), queue=queue) for queue in QUEUES]
            delivered = Counter[str]()

            def all_delivered(sent: list[str] = sent, delivered: Counter[str] = delivered) -> bool:
                delivered.clear()
                for record in functions.invocations():
                    delivered.update(record.message_ids)
                return delivered.keys() == set(sent)

            wait_until(all_delivered, "all messages are delivered", SECONDS)
        assert set(delivered.values()) == {1}
        calls = [log.read_text().count("queue-") for log in logs]
        print(f"{len(sent)} messages: {calls} calls, {(_scripts_run(raw) - before) / len(sent):.1f} scripts a message")
        assert all(calls)


def _scripts_run(raw: redis.Redis) -> int:
    stats: Any = raw.info("commandstats")
    return int(stats["cmdstat_evalsha"]["calls"])
