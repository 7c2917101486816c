"""examples/broadcast as a person sees it: one command, a real browser, two buttons, and what comes when it is due."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import boto3
import pytest

from tests.chromium import Page, chromium
from tests.processes import bare_environ, process
from tests.support import short_folder, wait_until
from tests.system.conftest import is_alive
from tests.system.whole import children_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "broadcast"
MODULES = EXAMPLE / "node_modules"
PAGE = r"the page is at (http://127\.0\.0\.1:\d+/broadcast-dev-page/)"
READY = "Ctrl-C ends it."
START_SECONDS = 60
NOBODY = "nobody="  # a connection that is not there any more


@dataclass(frozen=True)
class Broadcast:
    """The example, up and running."""

    process: "subprocess.Popen[bytes]"
    output: Path
    url: str

    def printed(self) -> str:
        """Return what it has shown until now."""
        return self.output.read_text()

    def connections(self) -> Any:
        """Return a client of the table in which the functions keep who looks."""
        port = (urlsplit(self.url).port or 0) + 2
        return boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1",
                            aws_access_key_id="id", aws_secret_access_key="secret")  # fmt: skip

    def warm_up(self) -> None:
        """Have the function that broadcasts started, so that no start of Node.js stands between two messages."""
        port = (urlsplit(self.url).port or 0) + 1
        path = "2015-03-31/functions/broadcast-dev-broadcast/invocations"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", b'{"Records": []}', timeout=60) as answer:
            assert json.load(answer) == {"batchItemFailures": []}

    def known(self) -> list[str]:
        """Return the ids of the connections in that table."""
        items = self.connections().scan(TableName="broadcast-connections-dev")["Items"]
        return [item["id"]["S"] for item in items]


@pytest.fixture
def broadcast() -> Iterator[Broadcast]:
    if shutil.which("node") is None or not (MODULES / ".done").exists():
        lacking = "examples/broadcast is not installed: get Node.js 20 or newer and npm, then run `make clients`"
        pytest.fail(lacking) if os.environ.get("CI") == "true" else pytest.skip(lacking)  # noqa: TID251
    with short_folder() as folder:
        project, output = folder / "broadcast", folder / "output"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("node_modules"))
        (project / "node_modules").symlink_to(MODULES)
        environ = bare_environ(HOME=str(folder), XDG_STATE_HOME=str(folder))
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        with process(["node", str(project / "local" / "start.mjs")], environ, output) as running:
            wait_until(lambda: READY in output.read_text() or running.poll() is not None, "it is ready", START_SECONDS)
            assert running.poll() is None, output.read_text()
            found = re.search(PAGE, output.read_text())
            assert found, output.read_text()
            yield Broadcast(running, output, found[1])
        print(output.read_text())  # for whoever looks why a test failed


async def rows(page: Page, where: str) -> list[str]:
    """Return the rows of one of the page's lists, each as it reads."""
    found: list[str] = await page.value_of(f"[...document.querySelectorAll('#{where} li')].map((row) => row.innerText)")
    return found


async def test_the_buttons_messages_reach_everyone_when_they_are_due(broadcast: Broadcast, tmp_path: Path) -> None:
    broadcast.connections().put_item(TableName="broadcast-connections-dev", Item={"id": {"S": NOBODY}})
    broadcast.warm_up()
    async with aiohttp.ClientSession() as client, chromium(tmp_path) as page:
        await page.open(broadcast.url)
        await page.becomes("document.querySelector('#state.live')")
        sockets = await page.value_of("document.querySelector('meta[name=sockets]').content")
        async with client.ws_connect(sockets) as another:
            wait_until(lambda: len(broadcast.known()) == 3, "both who look are known", 30)
            await page.click("button[value=world]")
            await page.becomes("document.querySelector('#waiting li')")
            await page.click("button[value=hello]")
            await page.becomes("document.querySelectorAll('#waiting li').length === 2")
            assert [row.partition("\n")[0] for row in await rows(page, "waiting")] == ["hello", "world"]
            await fits_a_phone_in_light_and_dark(page)
            await says_no(client, broadcast.url)

            await page.becomes("document.querySelector('#arrived li')")
            assert [row.partition("\n")[0] for row in await rows(page, "waiting")] == ["world"]
            await page.becomes("document.querySelectorAll('#arrived li').length === 2")
            shown = [re.fullmatch(r"(\w+)\n.+, (\d+) ms late", row) for row in await rows(page, "arrived")]
            assert [row and row[1] for row in shown] == ["world", "hello"], await rows(page, "arrived")
            heard = [await another.receive_json(timeout=20) for _ in range(2)]
            assert [one["text"] for one in heard] == ["hello", "world"]
            assert [str(one["lateMs"]) for one in heard] == [row and row[2] for row in reversed(shown)]
            print("late by", [one["lateMs"] for one in heard], "ms")

        # Neither a key nor any other place is known to the page.
        assert {url for url in page.requested if not url.startswith("data:")} == {broadcast.url, sockets}
        assert page.problems == []
    wait_until(lambda: broadcast.known() == [NOBODY], "those who left are forgotten", 30)
    assert re.findall(r"broadcast-dev-broadcast: (\w+), \d+ ms late, to (\d of \d)", broadcast.printed()) == [
        ("hello", "2 of 3"),
        ("world", "2 of 3"),
    ]

    started = children_of(broadcast.process.pid)
    assert started
    broadcast.process.terminate()
    assert broadcast.process.wait(60) == 0
    assert not [pid for pid in started if is_alive(pid)]


async def fits_a_phone_in_light_and_dark(page: Page) -> None:
    """Assert that nothing is cut off in a narrow window, and that both schemes of colours are there."""
    await page.ask("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=True)
    assert await page.value_of("document.documentElement.scrollWidth") == 320
    colours = set()
    for scheme in ("light", "dark"):
        await page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colours.add(await page.value_of("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2
    await page.ask("Emulation.clearDeviceMetricsOverride")


async def says_no(client: aiohttp.ClientSession, url: str) -> None:
    """Assert that strangers cannot have anything else told to everyone."""
    async with client.post(url, data="anything else") as refused:
        assert refused.status == 400
