"""The karin that ``karin dev`` runs: ``karin up`` as a child, and the queues and mappings it is given."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from queue import Empty, SimpleQueue

from karin import runtime
from karin.cli.addresses import is_healthy
from karin.cli.dev_log import Log
from karin.cli.main import CommandError
from karin.clock import SystemClock
from karin.finding import find
from karin.local.definition import Definition
from karin.local.tether import tethered
from karin.operations import queues
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.errors import SqsError
from karin.sqs.queue_attributes import REMOVABLE
from karin.store.connection import StoreUnavailable

START_SECONDS = 120  # a busy machine, or one that is emulated; who ends before is not waited for
STOP_SECONDS = 32  # karin up itself takes at most 30
SYNC_SECONDS = 60
LOOK_SECONDS = 0.05


class DevKarin:
    """``karin up`` in an environment of its own."""

    def __init__(self, environ: Mapping[str, str], settings: Settings, log: Log) -> None:
        self._environ = dict(environ)
        self._home = settings.home
        self._endpoint_url = settings.endpoint_url
        self._context: Context | None = None  # once it is up
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it writes goes to the log. Call before any thread is started."""
        self._process = subprocess.Popen(
            tethered([sys.executable, "-P", "-m", "karin", "up"]),
            env=self._environ,
            cwd=self._home,  # in a project, its own redis.py would be imported
            stdin=subprocess.DEVNULL,
            stdout=self._log.karin_fd,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is ours to pass on
        )

    def has_ended(self) -> bool:
        """Tell whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def last_line(self) -> str:
        """Return the last line that it wrote."""
        return self._log.last_of_karin.removeprefix("karin: ") or "it said nothing"

    def wait_until_up(self, told: "SimpleQueue[int]") -> bool:
        """Wait until its own health check says so; False when a signal came before. Raises CommandError."""
        clock = SystemClock()
        deadline_ms = clock.now_ms() + START_SECONDS * 1000
        while clock.now_ms() < deadline_ms and not self.has_ended():
            try:
                told.get(timeout=LOOK_SECONDS)
            except Empty:
                # Without the former, it would be another karin that answers at this address.
                if runtime.read(self._home) and is_healthy(self._endpoint_url):
                    return True
            else:
                return False
        self._log.read_all_of_karin()
        raise CommandError(f"karin did not come up: {self.last_line()}")

    def make_queues(self, definition: Definition) -> list[str]:
        """Make every queue of a definition exist as it says; return the problems, line by line.

        The sync that follows knows only those that are mapped, and their dead-letter queues.
        """
        context = self._context = self._context or find(self._environ).context
        problems = []
        for settings in (False, True):  # a redrive policy may name any of them: first they all exist
            for queue in definition.queues:
                try:
                    attributes = queue.all_attributes()
                    if not settings:
                        queues.create_queue(context, queue.name, {"FifoQueue": "true"} if queue.is_fifo else {}, {})
                        continue
                    found = queues.find_queue(context, queue.name)
                    removed = dict.fromkeys(REMOVABLE, "")
                    queues.set_queue_attributes(context, found, removed | attributes)
                except SqsError as error:
                    problems.append(f"queue {queue.name}: {error.message}")
                except StoreUnavailable as error:
                    return [*problems, str(error)]
        return problems

    def sync(self) -> list[str]:
        """Have karin read its mappings anew; return the problems, line by line."""
        try:
            answered = subprocess.run(
                [sys.executable, "-P", "-m", "karin", "sync", "--json"],
                env=self._environ,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SYNC_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [f"reading the mappings took longer than {SYNC_SECONDS} s: change the file to try again"]
        if answered.returncode:
            return [answered.stderr.strip().removeprefix("karin: ")]
        warnings: list[str] = json.loads(answered.stdout)["warnings"]
        return warnings

    def stop(self, told: "SimpleQueue[int]") -> None:
        """End it, waiting for the calls under way; a second signal ends them as well."""
        if self._process is None or self._process.poll() is not None:
            return
        self._log.hide_karin()
        self._log.say(["Stopping; calls under way may finish. Ctrl-C again ends them at once."])
        self._process.terminate()
        deadline_ms = SystemClock().now_ms() + STOP_SECONDS * 1000
        while self._process.poll() is None and SystemClock().now_ms() < deadline_ms:
            try:
                told.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            break
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its children have asked for a TERM when that happens
        self._process.wait()
