"""A real ``karin-tui --web``, the processes it starts, and what a browser would ask it."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))
ANSWER_SECONDS = 20.0
PASSWORD = "correct horse, 안녕"


def basic(user_and_password: str) -> dict[str, str]:
    """Return the header with which a browser tells what a person has typed."""
    return {"Authorization": "Basic " + b64encode(user_and_password.encode()).decode()}


ME = basic(f"anyone:{PASSWORD}")


@dataclass(frozen=True, slots=True)
class Web:
    """A web server that runs."""

    pid: int
    port: int
    log: Path  # what it wrote to stdout and stderr

    @property
    def url(self) -> str:
        """Return where its page is."""
        return f"http://127.0.0.1:{self.port}"

    def sessions(self) -> list[int]:
        """Return the processes it has started and that still run."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in listed]

    def session(self) -> int:
        """Return the only process it has started and that still runs."""
        wait_until(lambda: len(self.sessions()) == 1, "there is one session")
        return self.sessions()[0]


@contextmanager
def running_web(home: Path, *options: str, host: str = "127.0.0.1", **variables: str) -> Iterator[Web]:
    """Run ``karin-tui --web`` for the karin of a KARIN_HOME until the block is left; yield it when it answers."""
    port = free_port()
    log = home / f"web-{port}.log"
    command = [PROGRAM, "--web", "--bind", f"{host}:{port}", *options]
    with process(command, bare_environ(KARIN_HOME=str(home), **variables), log) as running:
        web = Web(running.pid, port, log)
        wait_until(lambda: status_of(web.url), "the web server answers", ANSWER_SECONDS)
        yield web


async def shows(websocket: aiohttp.ClientWebSocketResponse, *texts: str) -> str:
    """Read from a session until its terminal has shown all texts; return everything that was read."""
    read = ""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while not all(text in read for text in texts):
                message = await websocket.receive()
                assert message.type is aiohttp.WSMsgType.BINARY, f"the session ended with {message}, after:\n{read}"
                read += message.data.decode(errors="replace")
    except TimeoutError:
        raise AssertionError(f"not all of {texts} were shown, but:\n{read}") from None
    return read


async def closed(websocket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read from a session until it has ended; return the code of its end."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while not websocket.closed:
            await websocket.receive()
    return websocket.close_code


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def words_of(pid: int) -> list[str]:
    """Return the command line of a process."""
    return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")[:-1]


def environ_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with."""
    pairs = os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes()).split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)
