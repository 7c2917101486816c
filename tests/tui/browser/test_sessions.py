"""What a browser gets from ``karin-tui --web``, and when it ends: a real server, real sessions, a real browser."""

import os
import re
import signal
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
from aiohttp import ClientSession

from tests.chromium import chromium
from tests.support import wait_until
from tests.tui.browser.server import ME, PASSWORD, Web, closed, environ_of, is_running, running_web, shows, words_of


def lowest_line(written: str) -> int:
    """Return the last line of a terminal that was written to."""
    return max(int(line) for line in re.findall(r"\x1b\[(\d+);\d+H", written))


async def test_the_real_application_is_seen_typed_into_and_left(web: Web) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws?width=100&height=30") as session:
        await shows(session, "Queues", "orders", "store embedded")
        await session.send_json(["stdin", "8"])
        await shows(session, "versions")
        await session.send_json(["stdin", "q"])
        assert await closed(session) == aiohttp.WSCloseCode.OK
    wait_until(lambda: not web.sessions(), "the application has ended")


async def test_the_terminal_is_as_large_as_the_window_and_may_change(web: Web) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws?width=60&height=10") as session:
        assert lowest_line(await shows(session, "orders", "help")) == 10
        await session.send_json(["resize", {"width": 100, "height": 40}])
        assert lowest_line(await shows(session, "\x1b[40;", "help")) == 40


async def test_times_are_shown_in_the_zone_of_the_browser(web: Web) -> None:
    async with ClientSession() as client:
        for path, shown in (("x/Asia/Seoul", ["--timezone=Asia/Seoul"]), ("x/No/Such--readonly", [])):
            async with client.ws_connect(f"{web.url}/ws/{path}") as session:
                await shows(session, "orders")
                assert [word for word in words_of(web.session()) if word.startswith("--")] == shown
            wait_until(lambda: not web.sessions(), "the session has ended")


async def test_the_options_and_a_chosen_zone_are_passed_on_and_the_password_is_not(home: Path) -> None:
    options = ["--readonly", "--theme=nord", "--timezone=UTC"]
    with running_web(home, *options, KARIN_WEB_PASSWORD=PASSWORD) as web:
        async with ClientSession(headers=ME) as client, client.ws_connect(f"{web.url}/ws/x/Asia/Seoul") as session:
            await shows(session, "orders")
            assert words_of(web.session())[-3:] == options
            assert "KARIN_HOME" in environ_of(web.session())
            assert "KARIN_WEB_PASSWORD" not in environ_of(web.session())


async def test_an_application_that_cannot_start_tells_why_in_the_browser(home: Path) -> None:
    with running_web(home, "--theme=no-such") as web:
        async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
            await shows(session, "karin-tui: there is no theme 'no-such'")
            assert await closed(session) == aiohttp.WSCloseCode.OK


async def test_the_page_takes_nothing_from_elsewhere_and_may_not(web: Web) -> None:
    async with ClientSession() as client:
        for path in ("/", "/page/page.css", "/page/page.js"):
            async with client.get(f"{web.url}{path}") as response:
                assert not re.search(r"//\S", await response.text())
                assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")


async def test_a_session_ends_when_its_browser_leaves(web: Web) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
        await shows(session, "orders")
        application = web.session()
    wait_until(lambda: not is_running(application), "the application has ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_the_server_and_its_sessions_without_a_word(home: Path, number: signal.Signals) -> None:
    with running_web(home) as web:
        async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
            await shows(session, "orders")
            application = web.session()
            os.kill(web.pid, number)
            assert await closed(session) == aiohttp.WSCloseCode.GOING_AWAY
        wait_until(lambda: not is_running(web.pid), "the server has ended")
        assert not is_running(application)
        assert web.log.read_text() == f"karin-tui is on {web.url} (ctrl-c ends it)\n"


async def test_a_server_that_is_killed_leaves_no_application_behind(home: Path) -> None:
    with running_web(home) as web:
        async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
            await shows(session, "orders")
            application = web.session()
            os.kill(web.pid, signal.SIGKILL)
            wait_until(lambda: not is_running(application), "the application has ended")


async def test_an_application_that_does_not_answer_is_ended_all_the_same(web: Web) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
        await shows(session, "orders")
        application = web.session()
        os.kill(application, signal.SIGSTOP)
    wait_until(lambda: not is_running(application), "the application was killed")


async def test_an_application_that_dies_ends_the_session(web: Web) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
        await shows(session, "orders")
        os.kill(web.session(), signal.SIGKILL)
        assert await closed(session) == aiohttp.WSCloseCode.OK


@pytest.mark.parametrize("nonsense", ["", "{}", "[]", '["resize", {"width": "x", "height": 1}]', '["stdin", 1]'])
async def test_what_no_page_of_ours_sends_ends_the_session_alone(web: Web, nonsense: str) -> None:
    async with ClientSession() as client, client.ws_connect(f"{web.url}/ws") as session:
        await session.send_str(nonsense)
        assert await closed(session) == aiohttp.WSCloseCode.OK
    wait_until(lambda: not web.sessions(), "the application has ended")
    assert web.log.read_text().count("\n") == 1


async def test_no_more_browsers_are_served_than_a_small_machine_bears(web: Web) -> None:
    async with ClientSession() as client:
        sessions = [await client.ws_connect(f"{web.url}/ws") for _ in range(4)]
        async with client.ws_connect(f"{web.url}/ws") as fifth:
            await shows(fifth, "4 browsers look at karin already: close one")
            assert await closed(fifth) == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        for session in sessions:
            await session.close()
    wait_until(lambda: not web.sessions(), "the applications have ended")


async def test_a_browser_shows_it_asks_nobody_else_and_passes_keys_on(guarded: Web, tmp_path: Path) -> None:
    async with chromium(tmp_path) as page:
        await page.open(guarded.url.replace("://", f"://anyone:{quote(PASSWORD)}@"))
        await page.becomes("document.body?.classList.contains('-first-byte')")
        assert await page.value_of("document.fonts.check('16px \"Roboto Mono\"')")
        await page.becomes("document.activeElement.tagName === 'TEXTAREA'")
        await page.press("q")
        await page.becomes("document.body.classList.contains('-closed')")
        assert "This session has ended." in await page.value_of("document.body.innerText")
        assert {urlsplit(url).netloc.rpartition("@")[2] for url in page.requested} == {f"127.0.0.1:{guarded.port}"}
        assert [url for url in page.requested if url.startswith("ws://")]
        assert page.problems == []
