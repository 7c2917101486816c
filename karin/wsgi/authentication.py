"""Who may call: the URL token, a signature, or, on loopback only, anyone. Decided before anything is parsed.

The head of a request is checked before its body is read, so that strangers cost no memory.
"""

import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from karin.access_keys import EVERYTHING, KeyScope
from karin.other_sites import sent_by_another_site
from karin.settings import Settings
from karin.sqs.errors import AccessDenied
from karin.wsgi.request import HttpRequest
from karin.wsgi.sigv4 import Claim, confirm, read_claim

_CREDENTIAL = re.compile(r"Credential=(\w{1,128})/", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated caller. ``token`` is the URL token it came by, None otherwise."""

    sender_id: str | None
    token: str | None = field(default=None, repr=False)
    scope: KeyScope = EVERYTHING


class Authenticator:
    """Applies the settings' keys and token to requests."""

    def __init__(self, settings: Settings) -> None:
        self._keys = settings.access_keys
        self._identities = {
            key_id: Identity(key_id, scope=settings.key_scopes.get(key_id, EVERYTHING)) for key_id in self._keys
        }
        self._token = settings.url_token
        self._is_open = not self._keys and not self._token  # settings.py lets that bind loopback only

    def admit(self, request: HttpRequest, now_ms: int) -> Identity | Claim:
        """Return who calls, or who claims to until the body is read; raises the SqsError that AWS gives a stranger."""
        if self._token and _has_token(request.raw_path, self._token):
            return Identity(_claimed_key(request), self._token)
        if self._is_open:
            _refuse_other_sites(request)
            return Identity(_claimed_key(request))
        if not self._keys:
            raise AccessDenied("Access to the resource is denied.")
        return read_claim(request, self._keys, now_ms)

    def confirm(self, admitted: Identity | Claim, body: bytes) -> Identity:
        """Return who calls, now that the body is read; raises InvalidSignature."""
        if isinstance(admitted, Identity):
            return admitted
        return self._identities[confirm(admitted, body)]


def _has_token(raw_path: str, token: str) -> bool:
    first = unquote(raw_path.removeprefix("/").split("/", 1)[0], errors="replace")
    return hmac.compare_digest(first.encode(errors="replace"), token.encode())


def _refuse_other_sites(request: HttpRequest) -> None:
    """Raise AccessDenied for what a page of another site makes a browser send; no client of SQS sends such headers.

    An open endpoint is bound to loopback, where the browser of a person at this machine is: a form needs no signature.
    """
    if sent_by_another_site(request.headers.get("origin"), request.headers.get("sec-fetch-site")):
        raise AccessDenied("Pages of other sites have no access: set KARIN_ACCESS_KEYS, and sign.")


def _claimed_key(request: HttpRequest) -> str | None:
    """Return the access key id that a caller names without proof; it is shown as SenderId, and decides nothing."""
    found = _CREDENTIAL.search(request.headers.get("authorization") or "")
    return found[1] if found else None
