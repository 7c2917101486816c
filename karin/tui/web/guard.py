"""Who is let in: asked before anything else, on every path, of pages, files and websockets alike.

Two kinds of strangers have to be kept out. People, by the password, or because only this machine reaches a loopback
address. And pages of other sites in the browser of somebody who is let in: they may open websockets to any address
(cross-site websocket hijacking), and their own name may be made to lead to 127.0.0.1 (DNS rebinding).
"""

import base64
import hmac
import os
import secrets
from collections import deque
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from karin.settings import is_loopback

CHALLENGE = 'Basic realm="karin", charset="UTF-8"'
TICKETS_KEPT = 32  # pages that may have been opened and not yet connected
TICKET_BYTES = 24


class Guard:
    """Lets requests in or turns them away. Without a password only this machine must be able to reach the server."""

    def __init__(self, password: str | None) -> None:
        self._password = password
        self._tickets: deque[str] = deque(maxlen=TICKETS_KEPT)

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer with 401 or 403, or let the handler answer."""
        host = request.headers.get("Host", "")
        # With a password any name may lead here, such as a proxy's: no stranger's page knows the password.
        if self._password is None and not is_loopback(_name_of(host)):
            raise web.HTTPForbidden(
                text=f"karin-tui is for this machine's own browser: {host!r} is none of its names\n"
            )
        if self._password is not None and not self._is_known(request, self._password):
            raise web.HTTPUnauthorized(text="the password is wrong\n", headers={"WWW-Authenticate": CHALLENGE})
        # Browsers say where a websocket's page comes from; programs need not. The scheme may differ behind a proxy.
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise web.HTTPForbidden(text="karin-tui answers no pages of other sites\n")
        return await handler(request)

    def ticket(self) -> str:
        """Return what opens one websocket, once: for a page of somebody who is let in.

        Safari sends no password with a websocket (https://bugs.webkit.org/show_bug.cgi?id=80362).
        """
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        self._tickets.append(ticket)
        return ticket

    def _is_known(self, request: web.Request, password: str) -> bool:
        has_ticket = self._has_ticket(request)  # asked in any case: it is used up, and opens nothing once more
        return has_ticket or _has_password(request, password)

    def _has_ticket(self, request: web.Request) -> bool:
        given = request.match_info.get("ticket", "").encode(errors="replace")
        for ticket in self._tickets:
            if hmac.compare_digest(ticket.encode(), given):
                self._tickets.remove(ticket)
                return True
        return False


def _has_password(request: web.Request, password: str) -> bool:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    user_and_password = given.partition(b":")
    return scheme.lower() == "basic" and hmac.compare_digest(user_and_password[2], os.fsencode(password))


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
