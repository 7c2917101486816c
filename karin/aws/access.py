"""What it takes to call the functions of a region, as botocore finds it out: where, over what, and with which keys."""

import threading
from collections.abc import Callable

import msgspec

from karin.clock import Clock
from karin.mapping.refusals import Refused

RENEW_MS = 10 * 60 * 1000  # before keys expire, new ones are looked for; who calls meanwhile takes the old ones ...
LAST_USE_MS = 60 * 1000  # ... but not in their last minute: a call takes a moment to be checked
FAILURE_KEPT_MS = 5_000  # for so long nobody looks again: many calls may fail at once
FOR_EVER_MS = 1 << 62


class Route(msgspec.Struct, frozen=True):
    """How an endpoint is reached. Connections of the same route may be shared."""

    url: str  # scheme, host, and what comes before the path of every operation
    ca_file: str = ""  # with the certificates to trust; empty without TLS
    proxy_url: str | None = None  # of an HTTP proxy, with its user and password if it wants any


class Access(msgspec.Struct, frozen=True):
    """A route, and keys to sign with."""

    route: Route
    region: str  # that signatures name
    service: str
    key_id: str
    secret: str
    token: str | None = None
    expires_at_ms: int | None = None  # None: never

    def __repr__(self) -> str:
        return f"Access({self.route.url}, {self.key_id})"  # and never its secrets


class Found(msgspec.Struct, frozen=True):
    """What was found out: an access or why there is none. With neither, only botocore itself can make such calls."""

    access: Access | None = None
    refused: Refused | None = None


class AccessBook:
    """The accesses of all regions, each found once and again before it expires. Safe to share between threads.

    ``find(region)`` may take seconds and never raises.
    """

    def __init__(self, find: Callable[[str], Found], clock: Clock) -> None:
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}

    def of(self, region: str) -> Found:
        """Return the access to a region; the first caller waits until it is found, and others with it."""
        with self._lock:
            page = self._pages.setdefault(region, _Page())
        now_ms = self._clock.now_ms()
        if now_ms < page.renew_at_ms:
            return page.found
        if not page.lock.acquire(blocking=now_ms >= page.good_until_ms):
            return page.found  # someone looks for new keys; the old ones are good until then
        try:
            if self._clock.now_ms() >= page.renew_at_ms:
                self._renew(page, region)
            return page.found
        finally:
            page.lock.release()

    def forget(self, region: str, access: Access) -> None:
        """Find an access anew, because AWS does not take its keys; not if that was done since it was used."""
        with self._lock:
            page = self._pages[region]
            if page.found.access is access:
                page.renew_at_ms = page.good_until_ms = 0

    def _renew(self, page: "_Page", region: str) -> None:
        found = self._find(region)
        now_ms = self._clock.now_ms()
        page.renew_at_ms = now_ms + FAILURE_KEPT_MS
        if found.refused is not None and now_ms < page.good_until_ms:
            return
        page.found = found
        page.good_until_ms = 0
        if found.refused is None:
            expires_at_ms = FOR_EVER_MS
            if found.access is not None and found.access.expires_at_ms is not None:
                expires_at_ms = found.access.expires_at_ms
            page.renew_at_ms = max(page.renew_at_ms, expires_at_ms - RENEW_MS)
            page.good_until_ms = expires_at_ms - LAST_USE_MS


class _Page:
    """What is known of a region."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # of whoever looks for an access
        self.found = Found()
        self.renew_at_ms = 0
        self.good_until_ms = 0
