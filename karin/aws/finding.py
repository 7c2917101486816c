"""Finding out how Lambda is called: botocore is made to prepare a call that is never sent, and looked at.

So its whole chain counts: credentials, endpoints, partitions, profiles, proxies, certificates.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from karin.aws.access import Access, Found, Route
from karin.aws.clients import AwsClients
from karin.aws.invoke import failed
from karin.aws.problems import AWS_ERRORS
from karin.mapping.outcome import Unknown
from karin.mapping.refusals import Refused

ONCE = Config(retries={"total_max_attempts": 1})
PATH = "/2015-03-31/functions/"
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key_id>[^,]+)/\d{8}/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request,"
)


class _Prepared(Exception):  # noqa: N818 - not an error
    """botocore is about to send its request."""


def find_access(region: str, clients: AwsClients, environ: Mapping[str, str]) -> Found:
    """Return how functions of a region are called, as botocore would call them; ``environ`` is the process's own."""
    try:
        client = clients.build("lambda", region, ONCE)
        credentials = clients.session.get_credentials()
        # Before the request is signed: it is then signed with just these, if it has to be at all.
        keys = credentials.get_frozen_credentials() if credentials else None
        request = _prepared(client)
    except AWS_ERRORS as error:
        problem = failed(error)
        if isinstance(problem, Unknown):  # on the way to credentials: no function has been called
            problem = Refused(problem.code, message=problem.message, is_unreached=True)
        return Found(refused=problem)
    scope = _SCOPE.match(_text(request.headers.get("Authorization")))
    route = _route(request.url, clients, environ)
    if scope is None or keys is None or route is None:
        return Found()
    if scope["key_id"] != keys.access_key or not keys.secret_key:
        return Found()
    expires_at = getattr(credentials, "_expiry_time", None)  # of credentials that botocore would refresh
    return Found(
        Access(
            route,
            scope["region"],
            scope["service"],
            scope["key_id"],
            keys.secret_key,
            keys.token,
            expires_at and int(expires_at.timestamp() * 1000),
        )
    )


def _prepared(client: Any) -> Any:
    """Return the request of a call, signed and not sent."""
    caught = []

    def catch(request: Any, **_: Any) -> NoReturn:
        caught.append(request)
        raise _Prepared

    client.meta.events.register_first("before-send.lambda.Invoke", catch)
    try:
        client.invoke(FunctionName="any", Payload=b"")
    except _Prepared:
        return caught[0]
    raise AssertionError("botocore sent a request that was not to be sent")


def _route(url: str, clients: AwsClients, environ: Mapping[str, str]) -> Route | None:
    """Return the route of a request, None when only botocore can take it."""
    scheme = urlsplit(url).scheme
    proxy_url = get_environ_proxies(url).get(scheme)
    if proxy_url and "://" not in proxy_url:
        proxy_url = f"http://{proxy_url}"
    if scheme not in ("http", "https") or (proxy_url and urlsplit(proxy_url).scheme != "http"):
        return None
    ca_file = ""
    if scheme == "https":
        chosen = clients.session.get_config_variable("ca_bundle") or environ.get("REQUESTS_CA_BUNDLE")
        ca_file = str(chosen or get_cert_path(True))
    return Route(url.partition(PATH)[0], ca_file, proxy_url)


def _text(header: Any) -> str:
    return header.decode() if isinstance(header, bytes) else str(header or "")
