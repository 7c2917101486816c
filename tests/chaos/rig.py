"""A karin to do harm to: ``karin up`` with its own store, or with an outside one behind a proxy."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from karin import runtime
from karin.embedded import STORE_FOLDER, make_store_folder, store_answers, store_command
from karin.settings import Settings
from tests.chaos.proxy import Proxy
from tests.chaos.settable_clock import SettableClock
from tests.many.cluster import Cluster, running_cluster
from tests.processes import bare_environ, free_port, status_of
from tests.support import wait_until
from tests.system.whole import children_of

UP_SECONDS = 60
STOP_SECONDS = 40
LOG_TAIL_BYTES = 4 * 1024 * 1024  # of the append-only file: many times what two seconds write
STATE_OF_A_STOPPED_PROCESS = "T"


class OutsideStore:
    """A Valkey with karin's own options that somebody else looks after, here the rig."""

    def __init__(self, home: Path) -> None:
        self._settings = Settings(home=home)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        make_store_folder(home)

    @property
    def pid(self) -> int:
        """Return its pid."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; return when it answers."""
        command = [*store_command(self._settings), "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: store_answers(self._settings.socket_path), "the outside store answers", UP_SECONDS)

    def end(self, signum: signal.Signals) -> None:
        """End it in one way or another."""
        assert self._process is not None
        self._process.send_signal(signum)
        self._process.wait(STOP_SECONDS)


class Rig:
    """A running karin and, if it is outside, its store."""

    def __init__(
        self,
        home: Path,
        environ: dict[str, str],
        url: str,
        clock: SettableClock,
        outside: OutsideStore | None,
        cluster: Cluster | None = None,
    ) -> None:
        self.clock = clock
        self.home = home
        self.environ = environ
        self.url = url
        self.outside = outside
        self.cluster = cluster
        self.proxy: Proxy | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._seen: set[int] = set()

    def start(self) -> None:
        """Start karin as a platform does: again and again, as long as what the last one left is still ending."""
        wait_until(self._try_to_start, f"karin starts; {self.home / 'up.log'}", UP_SECONDS)

    def stop(self) -> int:
        """End karin gracefully and return its exit code."""
        assert self._supervisor is not None
        self._supervisor.send_signal(signal.SIGTERM)
        return self._supervisor.wait(STOP_SECONDS)

    @property
    def store_url(self) -> str:
        """Return where its store is, past any proxy."""
        return self.cluster.url if self.cluster else f"unix://{self.home}/store.sock"

    def is_healthy(self) -> bool:
        """Tell whether karin says that it is."""
        return status_of(f"{self.url}/healthz") == 200

    def health(self) -> str:
        """Return what karin says of its health, or why it says nothing."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return str(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read())
        except OSError as error:
            return str(error)

    def pid_of(self, target: str) -> int:
        """Return the pid of the supervisor, gunicorn's master or worker, the scheduler or the store; waits for it."""
        pid = wait_until(lambda: self._pid_of(target), f"a pid of {target}", UP_SECONDS)
        if not (target == "store" and self.outside):
            self._seen.add(pid)
        return pid

    def kill(self, target: str) -> None:
        """Kill a process as the kernel does when memory is short."""
        if target == "supervisor":
            assert self._supervisor is not None
            self._supervisor.kill()
            self._supervisor.wait()
        elif target == "store" and self.outside:
            self.outside.end(signal.SIGKILL)
        else:
            os.kill(self.pid_of(target), signal.SIGKILL)

    def freeze(self, target: str) -> int:
        """Stop a process where it stands; return its pid once it stands still."""
        pid = self.pid_of(target)
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: _state(pid) in (STATE_OF_A_STOPPED_PROCESS, ""), f"{target} stands still")
        return pid

    def log_tail(self) -> bytes:
        """Return the end of the store's append-only file, as the kernel has it."""
        paths = sorted((self.home / STORE_FOLDER / "appendonlydir").glob("*.incr.aof"), key=_change)
        return b"".join(_end_of(path) for path in paths[-2:])  # two, while it is being rewritten

    def sync(self) -> None:
        """Have karin read the mappings again."""
        subprocess.run([sys.executable, "-m", "karin", "sync"], env=self.environ, check=True, stdout=subprocess.DEVNULL)

    def clean_up(self) -> None:
        """Leave no process behind."""
        info = runtime.read(self.home)
        self._seen.update(info.children.values() if info else ())
        for pid in self._seen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if self._supervisor is not None and self._supervisor.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
        if self.outside is not None:
            self.outside.end(signal.SIGTERM)

    def _try_to_start(self) -> bool:
        if self._supervisor is None or self._supervisor.poll() is not None:
            with (self.home / "up.log").open("ab") as log:
                self._supervisor = subprocess.Popen(
                    [sys.executable, "-m", "karin", "up"],
                    env=self.environ,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        info = runtime.read(self.home)
        return info is not None and info.pid == self._supervisor.pid

    def _pid_of(self, target: str) -> int | None:
        if target == "store" and self.outside:
            return self.outside.pid
        info = runtime.read(self.home)
        if info is None:
            return None
        if target == "supervisor":
            return info.pid
        name = "endpoint" if target in ("master", "worker") else target
        pid = info.children.get(name)
        if target != "worker" or pid is None:
            return pid
        try:
            return next(iter(children_of(pid)), None)
        except FileNotFoundError:  # it has just ended
            return None


@contextmanager
def running_rig(
    functions_url: str, *, clock: SettableClock, is_outside: bool, is_cluster: bool = False, disk: Path | None = None
) -> Iterator[Rig]:
    """Run a karin that is healthy when this yields, by a clock of its own.

    ``disk`` is where its home is to be, if not in /tmp.
    """
    home = Path(tempfile.mkdtemp(prefix="karin-", dir=disk or "/tmp"))
    port = free_port()
    environ = bare_environ(
        KARIN_HOME=str(home),
        KARIN_BIND=f"127.0.0.1:{port}",
        AWS_ENDPOINT_URL_LAMBDA=functions_url,
        AWS_ENDPOINT_URL_SQS=functions_url,
        **clock.environ,
    )
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        outside = OutsideStore(home) if is_outside else None
        cluster = None
        if is_cluster:
            cluster = stack.enter_context(running_cluster(home / "cluster", with_replicas=True))
            environ["REDIS_URL"] = cluster.url
        rig = Rig(home, environ, f"http://127.0.0.1:{port}", clock, outside, cluster)
        if outside:
            outside.start()
            rig.proxy = stack.enter_context(Proxy(outside.port))
            environ["REDIS_URL"] = f"redis://127.0.0.1:{rig.proxy.port}/0"
        stack.callback(rig.clean_up)
        rig.start()
        wait_until(rig.is_healthy, "karin is healthy", UP_SECONDS)
        yield rig


def _state(pid: int) -> str:
    """Return the letter of a process's state, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _change(path: Path) -> int:
    return path.stat().st_mtime_ns


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
        return file.read()
