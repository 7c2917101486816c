"""The web server: the page, the browser's terminal, and one session for each websocket."""

import asyncio
import contextlib
import shlex
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp_jinja2
from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from karin.tui.web.guard import Guard
from karin.tui.web.session import Session
from karin.tui.zones import UnknownZone, zone_of

PAGE = Path(__file__).with_name("page")
SESSIONS_MOST = 4  # each is a process of some 40 MB, on machines that may have 256 MB
HEARTBEAT_SECONDS = 15.0  # a browser that fell asleep, or lost its network, is found out
CLOSE_SECONDS = 2.0  # for a browser to answer that its websocket is closed
STOP_SECONDS = 10.0
HEADERS = {
    # Nothing from elsewhere, and no other site may show it in a frame; xterm.js makes its own style elements.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class WebServer(Server):
    """textual-serve's server, with karin's own door, page and sessions."""

    def __init__(
        self,
        host: str,
        port: int,
        password: str | None,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        timezone: str,
    ) -> None:
        super().__init__(shlex.join(command), host, port, templates_path=PAGE)
        self._guard = Guard(password)
        self._arguments = command
        self._environ = environ
        self._timezone = timezone
        self._websockets: set[web.WebSocketResponse] = set()

    async def run(self, announcement: str) -> None:
        """Serve until INT, TERM or HUP comes; all sessions have ended then. Raises OSError when it cannot listen."""
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            print(announcement, flush=True)
            await ended.wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard.admit)
        app.on_response_prepare.append(_add_headers)
        app.router.add_get("/ws/{ticket}/{zone:.*}", self.handle_websocket)
        app.router.add_static("/page", PAGE)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: one line is said when it listens."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002 - aiohttp's signature
        """Close all websockets, which ends their sessions."""
        await asyncio.gather(*(websocket.close(code=WSCloseCode.GOING_AWAY) for websocket in self._websockets))

    async def handle_index(self, request: web.Request) -> web.Response:
        """Answer with the page, whose ticket opens one websocket."""
        return aiohttp_jinja2.render_template("index.html", request, {"ticket": self._guard.ticket()})

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a session for as long as its browser stays."""
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS)
        await websocket.prepare(request)
        if len(self._websockets) >= SESSIONS_MOST:
            await websocket.send_bytes(
                f"{SESSIONS_MOST} browsers look at karin already: close one, and start again.".encode()
            )
            await websocket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return websocket
        self._websockets.add(websocket)
        session = Session(self._command_for(request), self._environ, websocket, self.download_manager)
        try:
            await session.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            # What no page of ours sends ends the session.
            with contextlib.suppress(AssertionError, AttributeError, LookupError, TypeError, ValueError):
                await self._process_messages(websocket, session)
        except ConnectionError:
            pass  # the browser has left
        except OSError as error:  # such as no memory for another process
            await websocket.send_bytes(f"karin-tui could not be started: {error.strerror}".encode())
        finally:
            await session.stop()
            await websocket.close()
            self._websockets.discard(websocket)
        return websocket

    def _command_for(self, request: web.Request) -> list[str]:
        zone = self._timezone or request.match_info.get("zone", "")
        try:
            zone_of(zone, {})
        except UnknownZone:
            zone = ""
        return [*self._arguments, *([f"--timezone={zone}"] if zone else [])]


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    # Files may be kept, and are asked for anew; pages have a ticket, and downloads are what karin holds.
    response.headers["Cache-Control"] = "no-cache" if isinstance(response, web.FileResponse) else "no-store"
