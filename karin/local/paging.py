"""Pages of the list operations: a marker says where the next one begins; callers may not read meaning into it."""

from collections.abc import Sequence
from typing import Any

import falcon

from karin.local.errors import InvalidParameterValueError


def page(req: falcon.Request, key: str, items: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Return the page a request asks for, under ``key``, with NextMarker when there are more.

    ``limit`` is the most items AWS puts on a page, whatever MaxItems asks for. Raises InvalidParameterValueError.
    """
    marker, wanted = req.get_param("Marker", default="0"), req.get_param("MaxItems", default=str(limit))
    if not marker.isdecimal():
        raise InvalidParameterValueError("Invalid Marker")
    if not wanted.isdecimal() or not 1 <= int(wanted) <= 10_000:
        raise InvalidParameterValueError("MaxItems must be a whole number from 1 to 10000")
    start = int(marker)
    end = start + min(int(wanted), limit)
    body: dict[str, Any] = {key: list(items[start:end])}
    return body | {"NextMarker": str(end)} if end < len(items) else body
