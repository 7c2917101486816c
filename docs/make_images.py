"""Draws the pictures of karin-tui in docs/images: ``python -m docs.make_images``.

It is the real application over a real ``karin dev`` of examples/serverless: messages delivered, failed and delayed.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import boto3
from textual.app import App
from textual.pilot import Pilot

from karin.finding import Running, find
from karin.tui.app import KarinApp
from karin.tui.launch import build
from tests.processes import bare_environ, free_port
from tests.support import wait_until
from tests.tui.pictures import lines_of, picture

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = (118, 26)
FAILED = 1  # of what is sent: it stays in flight until it is tried again
SENT = (
    ("shop-orders-dev.fifo", '{"customer":"ann","item":"tea"}', 0),
    ("shop-orders-dev.fifo", '{"customer":"bob","item":"coffee"}', 0),
    ("shop-mails-dev", "ann: thank you", 0),
    ("shop-mails-dev", "nobody: this one has no address", 0),
    ("shop-ledger-dev", '{"price":250,"customer":"ann"}', 0),
    ("shop-ledger-dev", '{"price":3,"customer":"bob"}', 0),
    ("shop-mails-dev", "bob: your coffee is on its way", 240),
    ("shop-mails-dev", "ann: how was the tea?", 840),
    ("shop-ledger-dev", '{"price":1200,"customer":"김민수 ☕"}', 600),
)


@contextmanager
def shop(folder: Path) -> Iterator[dict[str, str]]:
    """Run the example; yield the environment of a person beside it."""
    environ = bare_environ(
        KARIN_BIND=f"127.0.0.1:{free_port()}",
        XDG_STATE_HOME=str(folder),
        HOME=str(folder),
        PATH=os.environ["PATH"],  # noqa: TID251
    )
    command = [sys.executable, "-m", "karin", "dev", str(ROOT / "examples" / "serverless")]
    log = folder / "dev.log"
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stdout=output, stderr=output) as running:
        try:
            wait_until(lambda: "Ctrl-C ends it." in log.read_text(), "the shop is open", 60)
            home = re.search(r"KARIN_HOME=(\S+)", log.read_text())
            if home is None:
                raise SystemExit(log.read_text())
            yield environ | {"KARIN_HOME": home[1]}
        finally:
            running.terminate()


def trade(running: Running) -> None:
    """Send what is to be seen, and wait until it is done or dead."""
    keys = {"aws_access_key_id": "anyone", "aws_secret_access_key": "any-secret"}
    sqs: Any = boto3.client("sqs", endpoint_url=running.endpoint_url, region_name="eu-west-1", **keys)
    for queue, body, delay in SENT:
        url = f"{running.endpoint_url}/000000000000/{queue}"
        more = {"MessageGroupId": json.loads(body)["customer"]} if queue.endswith(".fifo") else {"DelaySeconds": delay}
        sqs.send_message(QueueUrl=url, MessageBody=body, **more)
    queues, now_ms = running.context.store.queues, running.context.clock.now_ms

    def is_settled() -> bool:
        states = list(queues.survey(queues.names(), now_ms()))
        return all(state.ready == 0 for state in states) and sum(state.leased for state in states) == FAILED

    wait_until(is_settled, "all that is due is done", 30)


async def draw(running: Running, environ: Mapping[str, str]) -> None:
    """Draw every picture."""
    app, source = build(running, environ, UTC, readonly=False)
    async with app.run_test(size=SIZE) as pilot:
        await seen(pilot, "█")
        keep(app, "queues", "karin-tui: the queues of a small shop")
        await pilot.press("4")
        await seen(pilot, "succeeded")
        keep(app, "invocations", "karin-tui: the last calls and what they came to")
        await pilot.press("slash", *"partial", "enter", "enter")
        await seen(pilot, "log tail")
        keep(app, "invocation", "karin-tui: one call with its messages, log and event")
        await pilot.press("escape", "escape", "5")
        await seen(pilot, "shop-ledger-dev")
        keep(app, "due", "karin-tui: what is due next")
        await pilot.press("1", "n", *"hello")
        await seen(pilot, "Send to")
        keep(app, "send", "karin-tui: sending a message")
    source.stop()


async def seen(pilot: Pilot[None], text: str) -> None:
    """Wait until a text is on the screen."""
    app = pilot.app
    try:
        async with asyncio.timeout(15):
            while text not in shown(app):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise SystemExit(f"{text!r} does not appear:\n{shown(app)}") from None
    await pilot.pause(0.5)


def shown(app: App[None]) -> str:
    """Return what is on the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())  # noqa: SLF001


def keep(app: KarinApp, name: str, title: str) -> None:
    """Write a picture."""
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.svg").write_text(picture(app, lines_of(app), title), encoding="utf-8")


def main() -> None:
    """Draw them all."""
    with tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as folder, shop(Path(folder)) as environ:
        running = find(environ)
        trade(running)
        asyncio.run(draw(running, environ))
    print(f"drawn: {', '.join(sorted(path.name for path in IMAGES.iterdir()))}")


if __name__ == "__main__":
    main()
