"""AWS Signature Version 4, the server's side (AWS General Reference, "Signature Version 4 signing process").

Pure: it is given the request, the keys and the time. Checks run in AWS's order: presence, form, date, scope, key,
signature; each fault has AWS's error and text.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote

import msgspec

from karin.sqs.errors import (
    AccessDenied,
    IncompleteSignature,
    InvalidSignature,
    UnrecognizedClient,
)
from karin.wsgi.request import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "sqs"
TERMINATOR = "aws4_request"
SKEW_SECONDS = 15 * 60
LONGEST_PRESIGN_SECONDS = 604_800
MISMATCH_TEXT = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_BLOCK_BYTES = 64  # of SHA-256; a key has 32
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_REGION = re.compile(r"[\w.-]{1,64}", re.ASCII)
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")
# What an Authorization of an SDK has before its signature.
_USUAL = re.compile(rf"{ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*")
_LONGEST_USUAL = 1_000  # characters; what is longer is kept in no memory


class Terms(msgspec.Struct, frozen=True):
    """What a client writes alike in all its requests of a day: who it is, and which headers it signs."""

    key_id: str
    scope_date: str
    region: str
    service: str
    scope: str  # all of it but the key id, as it is signed
    scope_faults: str  # what is wrong with it whatever the date; "" if nothing is
    signed_headers: tuple[str, ...]
    form: str  # of the canonical headers and their names, with ``%s`` for each value


class Signed(msgspec.Struct, frozen=True):
    """What a caller claims: who it is, what it signed, when, and the signature."""

    terms: Terms
    signature: str
    date: str
    expires_seconds: int | None = None  # of a presigned URL


class Claim(msgspec.Struct, frozen=True):
    """Who a request's head says it is from, until the body confirms it."""

    request: HttpRequest
    signed: Signed
    signer: "Signer"
    body_hash: str | None  # as the head tells it


def read_claim(request: HttpRequest, keys: Mapping[str, str], now_ms: int) -> Claim:
    """Check what the head of a request tells; raises the SqsError that AWS would give.

    ``keys`` maps access key ids to secrets. A head that tells the body's hash is checked wholly, since the signature is
    over that hash; of any other the signature is checked with the body.
    """
    signed = _read(request)
    _check_time(signed, now_ms)
    _check_scope(signed)
    terms = signed.terms
    secret = keys.get(terms.key_id)
    if secret is None:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    claim = Claim(
        request,
        signed,
        signer(secret, terms.scope_date, terms.region, terms.service),
        request.headers.get("x-amz-content-sha256") or None,
    )
    if claim.body_hash is not None:
        _check_signature(claim, claim.body_hash)
    return claim


def confirm(claim: Claim, body: bytes) -> str:
    """Return the access key id that signed a head and this body; raises InvalidSignature."""
    body_hash = hashlib.sha256(body).hexdigest()
    if claim.body_hash is None:
        _check_signature(claim, body_hash)
    elif not _same(claim.body_hash, body_hash):
        raise InvalidSignature(MISMATCH_TEXT)
    return claim.signed.terms.key_id


def _check_signature(claim: Claim, body_hash: str) -> None:
    request, signed = claim.request, claim.signed
    for host, path in _candidates(request):
        text = string_to_sign(signed, canonical_request(request, signed, host, path, body_hash))
        if _same(claim.signer.sign(text), signed.signature):
            return
    raise InvalidSignature(MISMATCH_TEXT)


class Signer:
    """The signing key of one secret, day, region and service, ready to sign (HMAC, RFC 2104).

    The key's own blocks are hashed once, and a signature takes a sixth of the time of ``hmac.digest``, which asks
    OpenSSL for its digest each time.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, text: str) -> str:
        """Return the hex signature of a text."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


@lru_cache(maxsize=256)
def signer(secret: str, date: str, region: str, service: str) -> Signer:
    """Derive the key of one secret, day, region and service; cached, since it is the same all day."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return Signer(key)


def string_to_sign(signed: Signed, canonical: str) -> str:
    """Return what the signature is over."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{signed.date}\n{signed.terms.scope}\n{digest}"


def canonical_request(request: HttpRequest, signed: Signed, host: str, path: str, body_hash: str) -> str:
    """Return a request in its canonical form, as seen at a host and path."""
    header, terms = request.headers.get, signed.terms
    values = [host if name == "host" else header(name, "") for name in terms.signed_headers]
    if not _are_trimmed(values):
        values = [" ".join(value.split()) for value in values]
    query = _canonical_query(request.query_string, drop_signature=signed.expires_seconds is not None)
    return f"{request.method}\n{_canonical_path(path)}\n{query}\n{terms.form % tuple(values)}\n{body_hash}"


def _read(request: HttpRequest) -> Signed:
    signed = _read_claims(request)
    # It names the action: whoever holds a signed request without one could turn a presigned look into a purge.
    if request.headers.get("x-amz-target") is not None and "x-amz-target" not in signed.terms.signed_headers:
        raise InvalidSignature("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
    return signed


def _read_claims(request: HttpRequest) -> Signed:
    authorization = request.headers.get("authorization")
    query = dict(_query_pairs(request.query_string))
    if authorization is not None and "X-Amz-Algorithm" in query:
        raise InvalidSignature(
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        )
    if authorization is not None:
        return _read_header(request, authorization)
    if "X-Amz-Algorithm" in query:
        return _read_query(query)
    raise AccessDenied(f"Access to the resource {request.raw_path} is denied.")


def _read_header(request: HttpRequest, authorization: str) -> Signed:
    usual, _, signature = authorization.rpartition("Signature=")
    date = request.headers.get("x-amz-date")
    if date and signature.isalnum() and len(usual) <= _LONGEST_USUAL and (terms := _usual_terms(usual)):
        return Signed(terms, signature, date)
    return _read_any_header(request, authorization)


@lru_cache(maxsize=256)
def _usual_terms(text: str) -> Terms | None:
    """Return the terms of an Authorization that is written as SDKs do, before its signature; None for any other."""
    found = _USUAL.fullmatch(text)
    return _terms(found[1], found[2]) if found else None


def _read_any_header(request: HttpRequest, authorization: str) -> Signed:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts = dict(_PART.findall(rest))
    credential, headers, signature = map(parts.get, ("Credential", "SignedHeaders", "Signature"))
    date = request.headers.get("x-amz-date") or _http_date(request.headers.get("date"))
    if credential and headers and signature and date:
        return Signed(_terms(credential, headers), signature, date)
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    raise IncompleteSignature(f"{' '.join(missing)} Authorization={authorization}")


def _read_query(query: Mapping[str, str]) -> Signed:
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm']}'.")
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires")
    missing = [f"AWS query-string parameters must include '{name}'." for name in names if not query.get(name)]
    if missing:
        raise IncompleteSignature(" ".join(missing))
    credential, signature, headers, date, expires = (query[name] for name in names)
    if not _SECONDS.fullmatch(expires) or not 0 < int(expires) <= LONGEST_PRESIGN_SECONDS:
        raise IncompleteSignature(f"X-Amz-Expires must be between 1 and {LONGEST_PRESIGN_SECONDS} seconds.")
    return Signed(_terms(credential, headers), signature, date, int(expires))


def _terms(credential: str, headers: str) -> Terms:
    parts = credential.split("/")
    if len(parts) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,"
            f" got '{credential}'"
        )
    key_id, scope_date, region, service, terminator = parts
    names = headers.lower().split(";")
    if "host" not in names:
        raise InvalidSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    written = [name.replace("%", "%%") for name in names]
    form = "".join([f"{name}:%s\n" for name in written]) + "\n" + ";".join(written)
    faults = _scope_faults(region, service, terminator)
    return Terms(key_id, scope_date, region, service, "/".join(parts[1:]), faults, tuple(names), form)


def _check_time(signed: Signed, now_ms: int) -> None:
    at_s = _instant_s(signed.date)
    if at_s is None:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{signed.date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    lifetime_s = SKEW_SECONDS if signed.expires_seconds is None else signed.expires_seconds
    if now_ms > (at_s + lifetime_s) * 1000:
        raise InvalidSignature(
            f"Signature expired: {signed.date} is now earlier than {_shown(now_ms - lifetime_s * 1000)}"
            f" ({_shown(now_ms)} - {lifetime_s / 60:g} min.)"
        )
    if now_ms < (at_s - SKEW_SECONDS) * 1000:
        raise InvalidSignature(
            f"Signature not yet current: {signed.date} is still later than {_shown(now_ms + SKEW_SECONDS * 1000)}"
            f" ({_shown(now_ms)} + 15 min.)"
        )


@lru_cache(maxsize=64)  # requests of one second share their date, and strptime takes longer than a signature
def _instant_s(date: str) -> int | None:
    try:
        return int(datetime.strptime(date, _DATE_FORMAT).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(_DATE_FORMAT)


def _check_scope(signed: Signed) -> None:
    scope_date, faults = signed.terms.scope_date, signed.terms.scope_faults
    if scope_date != signed.date[:8]:
        faults += (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{scope_date}' != '{signed.date[:8]}', from '{signed.date}'."
        )
    if faults:
        raise InvalidSignature(faults)


def _scope_faults(region: str, service: str, terminator: str) -> str:
    faults = ""
    if not _REGION.fullmatch(region):  # strangers know key ids: what they write in a scope is kept in the cache
        faults += "Credential should be scoped to a valid region. "
    if service != SERVICE:
        faults += f"Credential should be scoped to correct service: '{SERVICE}'. "
    if terminator != TERMINATOR:
        faults += f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "
    return faults


def _are_trimmed(values: list[str]) -> bool:
    """Tell whether no value has white space but single spaces between its words, as nearly always."""
    line = " ".join(("", *values, ""))
    return line.isascii() and line.isprintable() and "  " not in line


def _same(expected: str, given: str) -> bool:
    """Compare in constant time; callers may send any text, also such as no digest ever has."""
    return hmac.compare_digest(expected.encode(), given.encode())


def _candidates(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the hosts and paths that the client may have seen: a proxy in front may have changed either."""
    header = request.headers.get
    host, forwarded, prefix = header("host") or "", header("x-forwarded-host"), header("x-forwarded-prefix")
    if not forwarded and not prefix:
        return [(host, request.raw_path)]
    hosts, paths = [host], [request.raw_path]
    if forwarded:
        hosts.append(forwarded.split(",")[0].strip())
    if prefix:
        paths.append(prefix.rstrip("/") + request.raw_path)
    return [(host, path) for host in hosts for path in paths]


def _canonical_path(raw_path: str) -> str:
    """Return the path with dot segments removed and each segment encoded once more, as all services but S3 sign it."""
    if raw_path == "/":
        return raw_path
    kept: list[str] = []
    segments = raw_path.split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    is_folder = segments[-1] in ("", ".", "..") and kept
    return quote("/" + "/".join(kept) + ("/" if is_folder else ""), safe="/-_.~")


def _canonical_query(query_string: str, *, drop_signature: bool) -> str:
    if not query_string:
        return ""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in _query_pairs(query_string)
        if not (drop_signature and name == "X-Amz-Signature")
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


def _query_pairs(query_string: str) -> list[tuple[str, str]]:
    return parse_qsl(query_string, keep_blank_values=True) if query_string else []


def _http_date(value: str | None) -> str | None:
    """Return a ``Date`` header in SigV4's basic ISO format, as it is when it cannot be read."""
    if not value:
        return None
    try:
        return datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).strftime(_DATE_FORMAT)
    except ValueError:
        return value
