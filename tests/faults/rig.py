"""A karin whose store a test may take away: a Valkey, a proxy before it, an endpoint and a scheduler behind that."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.store import Store
from tests.faults.proxy import Proxy
from tests.processes import running_endpoint
from tests.scheduler.scheduled import QUICK, SLOW, Deliveries, running_scheduler, sync_with
from tests.store.servers import DurableStore
from tests.store.support import ACCOUNT
from tests.support import short_folder, wait_until
from tests.wire.raw import Answer, ask, ask_json, ask_query, query
from tests.wire.sdk import CORAL, Fault

CLOCK = SystemClock()
TOLD_WITHIN_MS = 2_000
BACK_WITHIN_MS = 2_000
PAUSE_SECONDS = 0.02
UNAVAILABLE = Fault(CORAL, "ServiceUnavailableException", "ServiceUnavailable", 503)
EPISODE = "the store does not serve: "
PLAIN = QueueId(ACCOUNT, "plain")  # that no function reads

Sender = Callable[[], Answer]


@dataclass
class Rig:
    """All of it, running."""

    proxy: Proxy
    durable: DurableStore
    raw: Any  # a plain client that goes by the proxy
    store: Store  # the same for karin's own
    url: str
    deliveries: Deliveries
    logs: dict[str, Path]
    told_before: dict[str, int] = field(default_factory=dict)  # how long each log was when a test began

    def begin(self) -> None:
        """Wait until both processes serve; look at nothing that was sent, delivered or told before."""
        self.raw.config_set("replica-serve-stale-data", "yes")
        wait_until(lambda: self.send(QUICK, "warm").status == 200, "the endpoint serves", 40)
        wait_until(lambda: not self.held(QUICK), "the scheduler serves", 40)
        self.raw.unlink(*keys.of_messages(PLAIN))
        self.deliveries = Deliveries(self.deliveries.service)
        self.told_before = {name: len(log.read_text()) for name, log in self.logs.items()}

    def told(self, name: str) -> str:
        """Return what a process has said since the test began."""
        return self.logs[name].read_text()[self.told_before.get(name, 0) :]

    def queue_url(self, queue: QueueId) -> str:
        """Return a queue's URL."""
        return f"{self.url}/{queue.account}/{queue.name}"

    def send(self, queue: QueueId = PLAIN, body: str = "hello", delay_seconds: int = 0) -> Answer:
        """Send a message in the JSON protocol."""
        message = {"QueueUrl": self.queue_url(queue), "MessageBody": body, "DelaySeconds": delay_seconds}
        return ask_json(self.url, "SendMessage", message)

    def send_query(self, queue: QueueId = PLAIN) -> Answer:
        """Send a message in the Query protocol."""
        return ask_query(self.url, query("SendMessage", QueueUrl=self.queue_url(queue), MessageBody="hello"))

    def receive(self, queue: QueueId = PLAIN, wait_seconds: int = 0) -> Answer:
        """Receive messages."""
        wanted = {"QueueUrl": self.queue_url(queue), "WaitTimeSeconds": wait_seconds, "MaxNumberOfMessages": 10}
        return ask_json(self.url, "ReceiveMessage", wanted)

    def health(self) -> Answer:
        """Ask how the endpoint does."""
        return ask(self.url, "GET", "/healthz")

    def episodes(self, name: str) -> list[str]:
        """Return what a process said of its store."""
        return [line for line in self.told(name).splitlines() if EPISODE in line]

    def held(self, queue: QueueId = PLAIN) -> int:
        """Return how many messages a queue holds, each of which must be in line."""
        stored, due = self.raw.pipeline().hlen(keys.messages(queue)).zcard(keys.due(queue)).execute()
        assert stored == due, "a message is stored and not in line, or the other way round"
        return int(stored)

    def check_logs(self) -> None:
        """Assert that no process met anything that it did not expect."""
        for name in self.logs:
            said = self.told(name)
            assert "Traceback" not in said, said
            assert "own fault" not in said, said


def timed_ms(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what comes of work, and how long it took."""
    started_ms = CLOCK.now_ms()
    done = work()
    return done, CLOCK.now_ms() - started_ms


def until_ms(instant_ms: int) -> Iterator[None]:
    """Yield again and again until an instant, with time between for whoever else needs the machine."""
    pause = threading.Event()
    while CLOCK.now_ms() < instant_ms:
        yield
        pause.wait(PAUSE_SECONDS)


def at_once(works: list[Callable[[], Any]]) -> list[tuple[Any, int]]:
    """Do several things at the same time; return the same of each."""
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(timed_ms, works))


def until_served_ms(sender: Sender) -> int:
    """Send until it is accepted; return how long that took."""
    return timed_ms(lambda: wait_until(lambda: sender().status == 200, "a message is accepted again", 40))[1]


@contextmanager
def running_rig(service: LocalLambda, folder: Path, credentials: str = "") -> Iterator[Rig]:
    """Run it; the queues ``quick`` and ``slow`` are read by functions, ``plain`` by nobody."""
    logs = {name: folder / f"{name}.log" for name in ("endpoint", "scheduler")}
    with ExitStack() as stack:
        home = stack.enter_context(short_folder())
        durable = stack.enter_context(DurableStore(home))
        proxy = stack.enter_context(Proxy(home / "store.sock"))
        raw: Any = stack.enter_context(closing(redis.Redis.from_url(durable.url, decode_responses=True)))
        if credentials:
            raw.config_set("requirepass", credentials)
            raw.execute_command("AUTH", credentials)
        url = f"redis://{f':{credentials}@' if credentials else ''}127.0.0.1:{proxy.port}"
        own_url = durable.url.replace("unix://", f"unix://:{credentials}@") if credentials else durable.url
        store = Store.open(own_url, max_connections=1)
        sync_with(store, service)
        stack.enter_context(running_scheduler(url, service, logs["scheduler"], sweep_seconds=5))
        endpoint = stack.enter_context(running_endpoint(url, logs["endpoint"], KARIN_SWEEP_INTERVAL="5"))
        wait_until(store.deployment.last_sweeps, "the scheduler serves", 30)
        rig = Rig(proxy, durable, raw, store, endpoint, Deliveries(service), logs)
        assert ask_json(endpoint, "CreateQueue", {"QueueName": PLAIN.name}).status == 200
        rig.begin()  # a function's first call is slow
        yield rig
        rig.check_logs()


__all__ = [
    "BACK_WITHIN_MS", "CLOCK", "PLAIN", "QUICK", "SLOW", "TOLD_WITHIN_MS", "UNAVAILABLE", "Rig", "at_once",
    "running_rig", "timed_ms", "until_ms", "until_served_ms",
]  # fmt: skip
