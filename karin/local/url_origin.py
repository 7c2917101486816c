"""What a local function is told of its URL, and of who signed for it."""

import re
from collections.abc import Mapping

from karin.local.definition import Definition, Function
from karin.mapping.url_event import UrlOrigin

_ACCESS_KEY = re.compile(r"Credential=([\w]+)/")


def origin_of(function: Function, definition: Definition, headers: Mapping[str, str]) -> UrlOrigin:
    """Return it for a request with these headers, whose names are in lower case."""
    domain_name = headers.get("host", "")
    if function.url is None or function.url.auth_type != "AWS_IAM":
        return UrlOrigin(function.name, domain_name)
    identity = _identity(headers.get("authorization", ""), definition)
    return UrlOrigin(function.name, domain_name, definition.account_id, identity)


def _identity(authorization: str, definition: Definition) -> dict[str, str | None]:
    """Return who signed, as far as an unchecked signature tells."""
    found = _ACCESS_KEY.search(authorization)
    return {
        "accessKey": found[1] if found else "local",
        "accountId": definition.account_id,
        "callerId": "local",
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{definition.account_id}:user/local",
        "userId": "local",
    }
