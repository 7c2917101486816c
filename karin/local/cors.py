"""CORS of a function URL, which Lambda answers itself: the function never sees a preflight request.

Source: "Cross-origin resource sharing (CORS)" under function URLs in the Lambda developer guide.
"""

from collections.abc import Mapping

from karin.local.definition import Cors

Headers = tuple[tuple[str, str], ...]
MAX_AGE_SECONDS = 0  # what is being developed changes


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a browser asks if it may call."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def allowing(cors: Cors, headers: Mapping[str, str]) -> Headers:
    """Return the headers that every answer to an origin carries; none for an origin that may not call."""
    origin = headers.get("origin")
    if origin is None or not ({"*", origin} & set(cors.origins)):
        return ()
    allowed = [("access-control-allow-origin", "*" if "*" in cors.origins and not cors.credentials else origin)]
    if cors.credentials:
        allowed.append(("access-control-allow-credentials", "true"))
    if cors.exposed:
        allowed.append(("access-control-expose-headers", ",".join(cors.exposed)))
    return (*allowed, ("vary", "Origin"))


def preflight(cors: Cors, headers: Mapping[str, str]) -> Headers:
    """Return the headers of the answer to a preflight request."""
    allowed = allowing(cors, headers)
    if not allowed:
        return ()
    return (
        *allowed,
        ("access-control-allow-methods", ",".join(cors.methods)),
        ("access-control-allow-headers", ",".join(cors.headers)),
        ("access-control-max-age", str(MAX_AGE_SECONDS)),
    )
