"""One browser's karin-tui: a process of its own, whose packets go to a websocket, until either of them ends."""

import asyncio
import os
import shlex
import signal
from asyncio import StreamReader
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import cast

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

DRIVER = "karin.tui.web.driver:BrowserDriver"
STARTED = b"__GANGLION__\n"  # what Textual's web driver writes before its packets
SIZE_BYTES = 4
QUIT_SECONDS = 3.0  # for the application to leave by itself
COLUMNS_LEAST, COLUMNS_MOST = 20, 500
LINES_LEAST, LINES_MOST = 5, 200
RESET = b"\x1bc"  # of the browser's terminal


class Session(AppService):
    """Runs ``command`` for one websocket."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        websocket: web.WebSocketResponse,
        downloads: DownloadManager,
    ) -> None:
        super().__init__(
            shlex.join(command),
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self._close,
            download_manager=downloads,
        )
        self._arguments = command
        self._environ = environ
        self._websocket = websocket

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the application how large its terminal is, in cells."""
        await super().set_terminal_size(*_within(width, height))

    async def run(self) -> None:
        """Pass on what the application writes until it has ended; then close the websocket."""
        process = cast("Process", self._process)
        output, errors = cast("StreamReader", process.stdout), cast("StreamReader", process.stderr)
        last_words = asyncio.create_task(errors.read())
        try:
            await output.readuntil(STARTED)
            while True:
                kind = await output.readexactly(1)
                size = int.from_bytes(await output.readexactly(SIZE_BYTES), "big")
                await self._pass_on(kind, await output.readexactly(size))
        except asyncio.IncompleteReadError:
            pass  # it has ended
        await process.wait()
        if text := await last_words:
            await self._pass_on(b"D", RESET + text.replace(b"\n", b"\r\n"))
        await self._close()

    async def on_meta(self, data: bytes) -> None:
        """Do what a packet asks for, but wait for the end of the process: only then are its last words known."""
        if b'"exit"' not in data:
            await super().on_meta(data)

    async def stop(self) -> None:
        """End the application; return when its process is gone. Nothing of it is left after QUIT_SECONDS."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            await self._download_manager.cancel_app_downloads(self.app_service_id)
            await self.send_meta({"type": "quit"})
            await asyncio.wait([task], timeout=QUIT_SECONDS)
        finally:
            process = cast("Process", self._process)
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        await task

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        width, height = _within(width, height)
        environ = {
            **self._environ,
            "TERM": "xterm-256color",
            "TEXTUAL_DRIVER": DRIVER,
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }
        # In a group of its own: ctrl-c is for the server, and what the application started can be ended with it.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environ, start_new_session=True
        )
        self._stdin = process.stdin
        return process

    async def _pass_on(self, kind: bytes, payload: bytes) -> None:
        try:
            if kind == b"D":
                await self.on_data(payload)
            elif kind == b"M":
                await self.on_meta(payload)
            elif kind == b"P":
                await self.on_packed(payload)
        except ConnectionError:
            pass  # the browser has left: what is written is still read, so that the application can end

    async def _close(self) -> None:
        await self._websocket.close()


def _within(width: int, height: int) -> tuple[int, int]:
    return (
        min(max(int(width), COLUMNS_LEAST), COLUMNS_MOST),
        min(max(int(height), LINES_LEAST), LINES_MOST),
    )
