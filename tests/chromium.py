"""A real Chromium without a window, driven over its DevTools protocol (https://chromedevtools.github.io)."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.processes import bare_environ, process
from tests.support import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 30.0
ANSWER_SECONDS = 20.0


def require_chromium() -> str:
    """Return the browser's command; skip where there is none; in CI its absence is a failure."""
    found = next((name for name in NAMES if shutil.which(name)), None)
    if found is None:
        if os.environ.get("CI") == "true":  # noqa: TID251 - a test may ask where it runs
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is missing: apt-get install chromium")
    return found


class Page:
    """A tab of the browser."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._asked = 0
        self.requested: list[str] = []  # every address that the page has asked for, websockets included
        self.problems: list[str] = []  # errors of its scripts, and what its policy has forbidden

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the browser do something; return its answer."""
        self._asked += 1
        await self._connection.send_json({"id": self._asked, "method": method, "params": parameters})
        async with asyncio.timeout(ANSWER_SECONDS):
            while (message := await self._connection.receive_json()).get("id") != self._asked:
                self._note(message)
        assert "error" not in message, message
        answer: dict[str, Any] = message["result"]
        return answer

    async def open(self, url: str) -> None:
        """Go to an address."""
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.navigate", url=url)

    async def value_of(self, script: str) -> Any:
        """Return what an expression is in the page; a promise is waited for."""
        answer = await self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def becomes(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        await self.value_of(
            f"new Promise((done) => {{ const look = () => ({condition}) ? done() : setTimeout(look, 20); look(); }})"
        )

    async def click(self, selector: str) -> None:
        """Click with the mouse in the middle of the element that a selector finds."""
        x, y = await self.value_of(
            f"{{ const at = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " [at.x + at.width / 2, at.y + at.height / 2] }"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def press(self, key: str) -> None:
        """Press a key that writes a letter."""
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def _note(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event["method"]:
            case "Network.requestWillBeSent":
                self.requested.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(told["url"])
            case "Runtime.exceptionThrown":
                self.problems.append(told["exceptionDetails"]["text"])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.problems.append(told["entry"]["text"])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Page]:
    """Run a browser that knows nothing yet; yield its one page."""
    program = require_chromium()
    command = [program, *QUIET, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    port_file = folder / "DevToolsActivePort"
    with process(command, bare_environ(HOME=str(folder)), folder / "chromium.log"):
        port = wait_until(
            lambda: port_file.read_text().split() if port_file.exists() else None, "Chromium is there", START_SECONDS
        )[0]
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json/list") as response:
                address = next(tab["webSocketDebuggerUrl"] for tab in await response.json() if tab["type"] == "page")
            async with client.ws_connect(address, max_msg_size=0) as connection:
                yield Page(connection)
