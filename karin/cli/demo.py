"""``karin demo``: the product's story, acted out for real.

A local Lambda service stands in for AWS; everything else is karin as it is deployed: ``karin up`` on the embedded
store, boto3 against the HTTP endpoint, the scheduler calling the function. "world" is sent first and due in
10 s, "hello" is sent second and due in 5 s: it arrives first.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from rich.console import Console
from rich.live import Live

from karin.cli.addresses import free_address, is_healthy
from karin.cli.demo_table import Story
from karin.cli.main import EXIT_DONE, EXIT_FAILED, CommandError
from karin.clock import SystemClock
from karin.local.hello import DEFINITION
from karin.local.process import LocalLambda, LocalLambdaError
from karin.settings import DEFAULT_BIND, Settings
from karin.stand_in import without_proxy

QUEUE = "hello"
PATIENCE_MS = 15_000  # after the last due time
START_SECONDS = 120  # a busy machine, or one that is emulated; who ends before is not waited for
STOP_SECONDS = 32  # karin up itself takes at most 30
REFRESH_SECONDS = 0.05
KEY_ID, SECRET = "demo", "demo-secret"  # a loopback endpoint without keys takes any, and so does the local service
REGION = "us-east-1"

_console = Console(highlight=False)
_pause = threading.Event()


def demo(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Act out the story; exit 0 when both messages arrived in due order and on time. Leaves nothing running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_FAILED))
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="karin-demo-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        functions_log = stack.enter_context((home / "functions.log").open("wb"))
        _console.print("Starting karin on the embedded store, with a local Lambda service in place of AWS ...")
        try:
            functions = stack.enter_context(LocalLambda(DEFINITION, stderr=functions_log))
        except LocalLambdaError as error:
            raise CommandError(str(error)) from error
        child_environ = _environ(environ, home, functions.url)
        settings = Settings.from_env(child_environ)
        stack.enter_context(_karin_up(child_environ, home, settings.endpoint_url))
        story = _act(settings.endpoint_url, functions)
        if options.keep and story.is_complete:
            _tell_how_to_go_on(home, child_environ, settings.endpoint_url)
            _wait_for_interrupt()
    if not story.is_complete:
        raise CommandError("not every message was delivered: `karin demo` shows a fault here, please report it")
    on_time = all(delivery.is_on_time for delivery in story.deliveries)
    in_order = [delivery.body for delivery in story.in_order_of_arrival()] == ["hello", "world"]
    if not (on_time and in_order):
        worst = max(delivery.late_ms for delivery in story.deliveries)
        _console.print(f"Delivered, but not as promised: the latest message was {worst} ms late.", style="red")
        return EXIT_FAILED
    _console.print('"hello" was sent second and arrived first: each was delivered when it was due.')
    return EXIT_DONE


def _act(endpoint_url: str, functions: LocalLambda) -> Story:
    """Send both messages, and show what becomes of them until both have arrived."""
    sqs = _client(endpoint_url)
    queue_url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    clock = SystemClock()
    story = Story(f"{endpoint_url}  queue {QUEUE}")
    sent_at_ms = clock.now_ms()
    batch = sqs.send_message_batch(
        QueueUrl=queue_url, Entries=[{"Id": "1", "MessageBody": "world", "DelaySeconds": 10}]
    )
    story.sent(batch["Successful"][0]["MessageId"], "world", ", batch", 10, sent_at_ms)
    sent_at_ms = clock.now_ms()
    sent = sqs.send_message(QueueUrl=queue_url, MessageBody="hello", DelaySeconds=5)
    story.sent(sent["MessageId"], "hello", "", 5, sent_at_ms)

    seen = 0
    deadline_ms = max(delivery.due_at_ms for delivery in story.deliveries) + PATIENCE_MS
    with Live(story.table(clock.now_ms()), console=_console, auto_refresh=False) as live:
        while not story.is_complete and clock.now_ms() < deadline_ms:
            for record in functions.invocations(after=seen):
                seen = record.sequence
                for message_id in record.message_ids:
                    story.arrived(message_id, record.received_at_ms, record.log.strip())
            live.update(story.table(clock.now_ms()), refresh=True)
            _pause.wait(REFRESH_SECONDS)
    if not _console.is_terminal:
        _console.print()  # Live ends the table's last line only on a terminal
    return story


def _client(endpoint_url: str) -> Any:
    return boto3.client(
        "sqs",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def _environ(environ: Mapping[str, str], home: Path, functions_url: str) -> dict[str, str]:
    """Return the environment of the demo's karin: nothing of the user's own karin, and no way to AWS."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("KARIN_", "AWS_", "REDIS_"))}
    return without_proxy(kept) | {
        "KARIN_HOME": str(home),
        "KARIN_BIND": free_address(DEFAULT_BIND),
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_LAMBDA": functions_url,
        "AWS_ENDPOINT_URL_SQS": functions_url,
    }


@contextmanager
def _karin_up(environ: Mapping[str, str], home: Path, endpoint_url: str) -> Iterator[None]:
    """Run ``karin up`` until the block ends; it is ready when its own health check says so."""
    log = home / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "karin", "up"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is ours to pass on
        )
    try:
        _wait_until_healthy(process, endpoint_url, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_healthy(process: "subprocess.Popen[bytes]", endpoint_url: str, log: Path) -> None:
    deadline_ms = SystemClock().now_ms() + START_SECONDS * 1000
    while SystemClock().now_ms() < deadline_ms:
        if process.poll() is not None:
            break
        if is_healthy(endpoint_url):
            return
        _pause.wait(REFRESH_SECONDS)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise CommandError(f"karin did not come up: {last}")


def _tell_how_to_go_on(home: Path, environ: Mapping[str, str], endpoint_url: str) -> None:
    folder = Path(sys.executable).parent
    ours = {name: value for name, value in environ.items() if name.startswith(("KARIN_", "AWS_"))}
    (home / "env").write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in ours.items()))
    _console.print(f"""
karin stays up until you press Ctrl-C. In another terminal:

  . {home / "env"}
  {folder / "karin-tui"}
  {folder / "karin"} send {QUEUE} "once more" --delay 3
  {folder / "karin"} status
  tail -f {home / "functions.log"}

Or with any AWS SDK or CLI, any credentials: --endpoint-url {endpoint_url}""")


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        _console.print("Stopping ...")
