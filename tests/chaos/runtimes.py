"""Real functions for a run: karin's own Lambda service, and a Python runtime process for each call under way.

The functions write a journal, which is read into the ledger as it grows. Whatever is done to the processes is done from
outside, as the kernel or a user would.
"""

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from karin.local.process import LocalLambda
from tests.chaos.functions import CANARY, DEAD_LETTERS, FIFO, STANDARD, attributes
from tests.chaos.ledger import Delivery, Ledger
from tests.processes import bare_environ
from tests.system.whole import children_of

TIMEOUT_SECONDS = 2
MOST_CALLS = 2  # of each function at once: each is a process
READ_SECONDS = 0.02  # between two looks at the journal
KILL_SECONDS = 0.3  # between two kills

Hold = Callable[[int], None]


class Journal:
    """Reads what the functions wrote into a ledger, from where it read last."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._path = path
        self._ledger = ledger
        self._place = 0
        self._calls: dict[str, list[Delivery]] = {}  # under way

    def read(self) -> None:
        """Read the whole lines that are new; one that was cut off belongs to a function that was killed in it."""
        with self._path.open("rb") as file:
            file.seek(self._place)
            written = file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._place += len(whole)
        for line in whole.split(b"\n"):
            with suppress(ValueError):
                self._take(json.loads(line))

    def _take(self, entry: dict[str, Any]) -> None:
        if "messages" in entry:
            messages = [(str(key), str(body), int(sent), int(seen)) for key, body, sent, seen in entry["messages"]]
            self._calls[entry["call"]] = self._ledger.deliver(entry["queue"], messages, entry["at_ms"])
            return
        for delivery in self._calls.pop(entry["call"], ()):
            delivery.answered_at_ms, delivery.is_done = entry["at_ms"], True


class Runtimes:
    """The service and its runtimes; a context manager."""

    def __init__(self, ledger: Ledger, seed: int, folder: Path) -> None:
        (folder / "journal").touch()
        self._mood = folder / "mood"
        self.calm()
        self._journal = Journal(folder / "journal", ledger)
        self._definition = _write_definition(folder)
        self._chance = random.Random(seed)  # noqa: S311 - it is to be repeatable
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._service = self._new_service("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._service.start()
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stop()
        self._ended.set()
        self._reader.join()
        self._journal.read()

    @property
    def url(self) -> str:
        """Return where the service listens."""
        return self._service.url

    def harm(self, way: str, hold_ms: int, hold: Hold) -> None:
        """Do one thing to them; what lasts, lasts for so long."""
        match way:
            case "kill":
                for _ in range(max(1, round(hold_ms / KILL_SECONDS / 1000))):
                    self._send(signal.SIGKILL, most=1)
                    hold(round(KILL_SECONDS * 1000))
            case "stop":
                stopped = self._send(signal.SIGSTOP)
                hold(hold_ms)
                self._send(signal.SIGCONT, among=stopped)
            case "service":
                os.kill(self._service.pid, signal.SIGKILL)
                address = self._service.url.rpartition("/")[2]
                self._service.stop()
                self._service = self._new_service(address)
                self._service.start()
            case _:
                self._mood.write_text(way)
                hold(hold_ms)
                self.calm()

    def calm(self) -> None:
        """Do right from now on."""
        self._mood.write_text("")

    def _send(self, signum: signal.Signals, *, most: int | None = None, among: list[int] | None = None) -> list[int]:
        """Send a signal to runtimes, to some by chance if there are more; return the pids of those that got it."""
        alive = children_of(self._service.pid)
        chosen = [pid for pid in alive if among is None or pid in among]
        if most is not None:
            chosen = self._chance.sample(chosen, min(most, len(chosen)))
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)
        return chosen

    def _new_service(self, address: str) -> LocalLambda:
        return LocalLambda(self._definition, bind=address, stderr=subprocess.DEVNULL, environ=bare_environ())

    def _read(self) -> None:
        while not self._ended.wait(READ_SECONDS):
            self._journal.read()


def _write_definition(folder: Path) -> Path:
    """Write a deployment with one function for each queue, of the same name but for the dot."""
    served = (*STANDARD, *FIFO, CANARY)
    function = {
        "runtime": "python3.11",
        "code": str(Path(__file__).parent / "handlers"),
        "handler": "handler.handle",
        "timeout_seconds": TIMEOUT_SECONDS,
        "environment": {"RUN_FOLDER": str(folder)},
    }
    mapping = {"function_response_types": ["ReportBatchItemFailures"], "max_concurrency": MOST_CALLS}
    path = folder / "definition.json"
    path.write_text(
        json.dumps({
            "functions": [function | {"name": _function_of(queue)} for queue in served],
            "queues": [{"name": queue, "attributes": attributes(queue)} for queue in (*served, *DEAD_LETTERS.values())],
            "mappings": [mapping | {"queue": queue, "function": _function_of(queue)} for queue in served],
        })
    )  # fmt: skip
    return path


def _function_of(queue: str) -> str:
    return queue.replace(".", "-")
