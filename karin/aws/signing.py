"""Signing a POST with Signature Version 4, for the one call that is made too often for botocore's way of making it.

Source: "Create a signed AWS API request" in the IAM user guide; a test compares with botocore's own signer.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from karin.aws.access import Access

ALGORITHM = "AWS4-HMAC-SHA256"
DATE = "x-amz-date"


class Signer:
    """Signs requests to one path: what is the same in all of them is worked out once, and the key once a day.

    ``path`` is encoded, as it is sent; ``headers`` have names in lower case, ``host`` among them.
    """

    def __init__(self, access: Access, path: str, headers: Mapping[str, str]) -> None:
        self._access = access
        self._headers = {**headers, DATE: ""}
        if access.token:
            self._headers["x-amz-security-token"] = access.token
        names = sorted(self._headers)
        lines = [f"{name}:{self._headers[name]}" for name in names]
        # Every service but S3 wants the path encoded once more.
        canonical = "\n".join(["POST", quote(path, safe="/~"), "", *lines, "", ";".join(names), ""])
        self._before_date, _, self._behind_date = canonical.partition(f"\n{DATE}:")
        self._before_date += f"\n{DATE}:"
        self._names = ";".join(names)
        self._known = ("", "", b"")  # a day, its scope and its key: always replaced together, for threads share it

    def headers(self, payload: bytes, now_ms: int) -> dict[str, str]:
        """Return the headers with those that sign them and a payload."""
        stamp = _stamp(now_ms // 1000)
        scope, key = self._of_day(stamp[:8])
        canonical = f"{self._before_date}{stamp}{self._behind_date}{sha256(payload).hexdigest()}"
        to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(key, to_sign.encode(), sha256).hex()
        signed = self._headers | {DATE: stamp}
        signed["authorization"] = (
            f"{ALGORITHM} Credential={self._access.key_id}/{scope}, SignedHeaders={self._names}, Signature={signature}"
        )
        return signed

    def _of_day(self, day: str) -> tuple[str, bytes]:
        """Return what signatures of a day name as their scope, and their key."""
        known_day, scope, key = self._known
        if known_day != day:
            access = self._access
            scope, key = f"{day}/{access.region}/{access.service}/aws4_request", f"AWS4{access.secret}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), sha256)
            self._known = (day, scope, key)
        return scope, key


@lru_cache(2)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")
