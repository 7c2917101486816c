"""Signing a POST with Signature Version 4, for the one call that is made too often for botocore's way of making it.

Source: "Create a signed AWS API request" in the IAM user guide; a test compares with botocore's own signer.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from karin.aws.access import Access

ALGORITHM = "AWS4-HMAC-SHA256"


def signed_headers(
    access: Access, path: str, headers: Mapping[str, str], payload: bytes, now_ms: int
) -> dict[str, str]:
    """Return the headers with those that sign them and the payload; names are in lower case, ``host`` is among them.

    ``path`` is encoded, as it is sent.
    """
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": stamp}
    if access.token:
        signed["x-amz-security-token"] = access.token
    names = sorted(signed)
    # Every service but S3 wants the path encoded once more.
    canonical = ["POST", quote(path, safe="/~"), "", *(f"{name}:{signed[name]}" for name in names), ""]
    canonical += [";".join(names), sha256(payload).hexdigest()]
    scope = f"{stamp[:8]}/{access.region}/{access.service}/aws4_request"
    to_sign = "\n".join((ALGORITHM, stamp, scope, sha256("\n".join(canonical).encode()).hexdigest()))
    signature = hmac.digest(_key(access, scope), to_sign.encode(), sha256).hex()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={access.key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return signed


def _key(access: Access, scope: str) -> bytes:
    key = f"AWS4{access.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), sha256)
    return key
