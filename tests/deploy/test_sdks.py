"""examples/sdks: each program, as docs/sdks.md shows it, sends to karin although its queue URL is AWS's."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clients.sdks import INSTALLED, lacks_javascript
from tests.processes import bare_environ
from tests.wire.raw import ask_json
from tests.wire.signing import KEY_ID, SECRET, TOKEN

ROOT = Path(__file__).parents[2]
SDKS = ROOT / "examples" / "sdks"
GO = Path("/usr/share/gocode")  # apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev
PHP = Path("/usr/share/php/AsyncAws/Sqs/autoload.php")  # apt-get install php-cli php-async-aws-sqs
MEBIBYTE = 1 << 20
QUEUE = QueueId("000000000000", "mails")


def python(_: Path) -> tuple[list[str], dict[str, str]]:
    """Return how the program is run."""
    return [sys.executable, str(SDKS / "send.py")], {}


def node(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return how the program is run: beside a package of the name that everybody has it under."""
    if reason := lacks_javascript():
        skip(reason)
    package = folder / "node_modules" / "@aws-sdk" / "client-sqs"
    package.parent.mkdir(parents=True)
    package.symlink_to(INSTALLED / "node" / "node_modules" / "sqs-json")
    shutil.copy(SDKS / "send.mjs", folder)
    return ["node", str(folder / "send.mjs")], {}


@lru_cache(1)
def compiled() -> Path:
    """Return what Debian's Go makes of the program with Debian's SDK."""
    folder = Path(tempfile.mkdtemp(prefix="karin-go-"))
    atexit.register(shutil.rmtree, folder)
    environ = {"GO111MODULE": "off", "GOPATH": str(GO), "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    build = ["go", "build", "-o", str(folder / "send"), str(SDKS / "send.go")]
    subprocess.run(build, env=bare_environ(**environ), check=True)
    return folder / "send"


def go(_: Path) -> tuple[list[str], dict[str, str]]:
    """Return how the program is run."""
    if not shutil.which("go") or not (GO / "src/github.com/aws/aws-sdk-go-v2").exists():
        skip("no Go SDK: apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev")
    return [str(compiled())], {}


def php(_: Path) -> tuple[list[str], dict[str, str]]:
    """Return how the program is run, with Debian's AsyncAws."""
    if not shutil.which("php") or not PHP.exists():
        skip("no AsyncAws: apt-get install php-cli php-async-aws-sqs")
    return ["php", str(SDKS / "send_async.php")], {"AUTOLOAD": str(PHP)}


def skip(reason: str) -> None:
    """Skip what cannot be tried here; in CI it can."""
    if os.environ.get("CI") == "true":  # noqa: TID251
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("door", ["keys", "token"])
@pytest.mark.parametrize("program", [python, node, go, php])
@pytest.mark.timeout(600)  # Go compiles
def test_a_program_sends_to_karin(program: object, door: str, endpoint: str, store: Store, tmp_path: Path) -> None:
    assert callable(program)
    command, more = program(tmp_path)
    created = ask_json(f"{endpoint}/{TOKEN}", "CreateQueue", {"QueueName": QUEUE.name}, f"/{TOKEN}/")
    assert created.status == 200
    keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    if door == "token":
        keys = {"AWS_ACCESS_KEY_ID": "ASIAOFAROLE", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "of-a-role"}
    environ = bare_environ(
        AWS_ENDPOINT_URL_SQS=endpoint if door == "keys" else f"{endpoint}/{TOKEN}/",
        QUEUE_URL=f"https://sqs.us-east-1.amazonaws.com/{QUEUE.account}/{QUEUE.name}",
        AWS_DEFAULT_REGION="us-east-1",
        **keys,
        **more,
    )
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stderr
    now_ms = SystemClock().now_ms()
    assert not store.messages.claim(QUEUE, now_ms, most=10, most_bytes=MEBIBYTE).messages
    [received] = store.messages.claim(QUEUE, now_ms + 60_000, most=10, most_bytes=MEBIBYTE).messages
    assert (received.message.message_id, received.message.body) == (ended.stdout.strip(), "hello")


def test_the_page_shows_the_programs_as_they_are() -> None:
    page = (ROOT / "docs/sdks.md").read_text(encoding="utf-8")
    shown = [block for _, block in re.findall(r"^```(py|js|go|php)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
    programs = [path.read_text(encoding="utf-8") for path in SDKS.iterdir()]
    tried = [block for block in shown if "not tried" not in block]
    assert len(tried) == 4
    for block in tried:
        lines = [line for line in block.splitlines() if line.strip()]
        assert any(all(line in program.splitlines() for line in lines) for program in programs), block
