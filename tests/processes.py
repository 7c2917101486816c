"""Real processes for tests: a throw-away Valkey, the endpoint under gunicorn, a whole karin."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from karin.embedded import make_store_folder, store_answers, store_command
from karin.settings import Settings
from tests.support import START_SECONDS, wait_until

STOP_SECONDS = 30


def free_port(*, bus: int = 0) -> int:
    """Return a TCP port that nothing listens on, nor on the one that is ``bus`` further on.

    They are below those that the system gives to outgoing connections: such a one would be taken by the next connection
    of a test in another process, now and then before the server that it is meant for has started.
    """
    while True:
        port = random.randrange(12_000, 22_000)  # noqa: S311 - no secret
        if _is_free(port) and _is_free(port + bus):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def bare_environ(**variables: str) -> dict[str, str]:
    """Return an environment without the settings of whoever runs the tests, and without AWS."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")}  # noqa: TID251
    nowhere = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # the discard port: nothing answers, at once
        "AWS_EC2_METADATA_DISABLED": "true",
        "XDG_STATE_HOME": str(Path(tempfile.gettempdir()) / "karin-state"),  # of those without a KARIN_HOME
    }
    return kept | nowhere | variables


@contextmanager
def running_store(home: Path, *options: str) -> Iterator[str]:
    """Run a throw-away Valkey without persistence; yield its URL."""
    settings = Settings(home=home)
    make_store_folder(home)
    command = [*store_command(settings), "--appendonly", "no", *options]
    with process(command, bare_environ()):
        wait_until(lambda: store_answers(settings.socket_path), "the test's store answers")
        yield settings.store_url


@contextmanager
def process(
    command: list[str], environ: Mapping[str, str], log: Path | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own; end it, and whatever it started, in the end."""
    with (log or Path(os.devnull)).open("ab") as output:
        running = subprocess.Popen(
            command, cwd=folder, env=dict(environ), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait(STOP_SECONDS)


@contextmanager
def running_endpoint(store_url: str, log: Path | None = None, **variables: str) -> Iterator[str]:
    """Run the endpoint alone under real gunicorn; yield its URL without a trailing slash."""
    port = free_port()
    environ = bare_environ(REDIS_URL=store_url, KARIN_BIND=f"127.0.0.1:{port}", **variables)
    url = f"http://127.0.0.1:{port}"
    with process([sys.executable, "-m", "karin", "endpoint"], environ, log):
        wait_until(lambda: status_of(f"{url}/healthz"), "the endpoint answers", START_SECONDS)
        yield url


def status_of(url: str) -> int | None:
    """Return the status that a GET is answered with, None when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None
