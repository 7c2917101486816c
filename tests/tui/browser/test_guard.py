"""Who is let in by ``karin-tui --web``: people with the password, and no pages of other sites."""

import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession

from tests.support import wait_until
from tests.tui.browser.server import ME, PASSWORD, Web, basic, running_web, shows

ROUTES = (
    "/",
    "/ws",
    "/ws/guess/UTC",
    "/ws/%FF/UTC",
    "/static/js/textual.js",
    "/page/page.js",
    "/download/guess",
    "/nothing",
)


async def status_of(url: str, **options: object) -> int:
    """Return the status that a GET is answered with."""
    async with ClientSession() as client, client.get(url, **options) as response:  # type: ignore[arg-type]
        return response.status


async def refusal(url: str, **headers: str) -> int:
    """Ask for a websocket that must not open; return the status of the refusal."""
    async with ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(url, headers=headers)
    return caught.value.status


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST:9", "[::1]:4100", "127.9.9.9"])
async def test_without_a_password_this_machines_own_names_lead_to_it(web: Web, name: str) -> None:
    assert await status_of(web.url, headers={"Host": name}) == 200


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example:4100", "10.0.0.1", "localhost@evil", "[", ""])
async def test_without_a_password_no_other_name_does(web: Web, path: str, name: str) -> None:
    assert await status_of(web.url + path, headers={"Host": name}) == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1", "http://localhost:1", "null", "", "http://["]
)
async def test_a_websocket_of_another_sites_page_is_refused(web: Web, guarded: Web, origin: str) -> None:
    assert await refusal(f"{web.url}/ws", Origin=origin) == 403
    assert await refusal(f"{guarded.url}/ws", Origin=origin, **ME) == 403


async def test_a_websocket_of_its_own_page_opens_also_behind_a_proxy(guarded: Web) -> None:
    headers = ME | {"Host": "karin.example.com", "Origin": "https://karin.example.com"}
    async with (
        ClientSession(headers=headers) as client,
        client.ws_connect(f"{guarded.url}/ws") as session,
    ):
        await shows(session, "orders")


@pytest.mark.parametrize("path", ROUTES)
async def test_with_a_password_nothing_opens_without_it(guarded: Web, path: str) -> None:
    typed = [basic("anyone:" + PASSWORD[:-1]), basic(f"anyone:{PASSWORD}x"), basic(f"{PASSWORD}:"), basic(PASSWORD)]
    said = [{"Authorization": value} for value in ("Basic", "Basic ?", "Basic é", ME["Authorization"][6:])]
    other = {"Authorization": ME["Authorization"].replace("Basic", "Bearer")}
    for header in ({}, *typed, *said, other):
        async with ClientSession(headers=header) as client, client.get(guarded.url + path) as response:
            assert response.status == 401, header
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert await refusal(f"{guarded.url}/ws") == 401
    assert await status_of(guarded.url + path, headers=ME) != 401


async def test_a_page_opens_one_websocket_without_the_password_once(guarded: Web) -> None:
    async with ClientSession() as client:
        async with client.get(guarded.url, headers=ME) as response:
            assert response.headers["Cache-Control"] == "no-store"
            (ticket,) = re.findall(r'data-ticket="(.+?)"', await response.text())
        address = f"{guarded.url}/ws/{ticket}/UTC"
        assert await refusal(f"{guarded.url}/ws/{ticket[:-1]}/UTC") == 401
        assert await status_of(f"{guarded.url}/static/js/textual.js?ticket={ticket}") == 401
        async with client.ws_connect(address) as session:
            await shows(session, "orders")
        assert await refusal(address) == 401


async def test_every_address_may_be_bound_with_a_password(home: Path) -> None:
    with running_web(home, host="0.0.0.0", KARIN_WEB_PASSWORD=PASSWORD) as web:
        said = f"karin-tui is on {web.url}, and on every IPv4 address of this machine (ctrl-c ends it)\n"
        wait_until(lambda: web.log.read_text() == said, "it says where it is")
        assert await status_of(web.url) == 401
        assert await status_of(web.url, headers=ME) == 200
