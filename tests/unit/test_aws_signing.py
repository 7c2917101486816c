"""karin's signatures are those that botocore makes."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from karin.aws.access import Access, Route
from karin.aws.signing import Signer
from karin.clock import SystemClock

URL = "https://lambda.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("token", [None, "a/long+token=="])
@pytest.mark.parametrize("payload", [b"", b"{}", "끝".encode() * 50_000])
@pytest.mark.parametrize("path", ["/2015-03-31/functions/work/invocations", "/base/arn%3Aaws%3Alambda~x/invocations"])
def test_a_signature_is_the_same_as_botocores(path: str, payload: bytes, token: str | None) -> None:
    access = Access(Route(URL), "eu-west-1", "lambda", "AKIAEXAMPLE", "secret/+", token)
    headers = {"host": "lambda.eu-west-1.amazonaws.com", "x-amz-log-type": "Tail", "x-amz-invocation-type": "Event"}
    request = AWSRequest("POST", URL + path, headers, payload)
    SigV4Auth(Credentials("AKIAEXAMPLE", "secret/+", token), "lambda", "eu-west-1").add_auth(request)
    now_ms = SystemClock().now_ms()

    # botocore read the clock itself: in this second, or the one before.
    signer = Signer(access, path, headers)
    possible = [signer.headers(payload, now_ms - ago_ms) for ago_ms in (0, 1_000)]

    stamp = request.headers["X-Amz-Date"]
    (signed,) = [one for one in possible if one["x-amz-date"] == stamp]
    assert signed["authorization"] == request.headers["Authorization"]
    assert signed.get("x-amz-security-token") == token


def test_a_signer_goes_on_with_a_new_key_when_the_day_is_over() -> None:
    access = Access(Route(URL), "eu-west-1", "lambda", "AKIAEXAMPLE", "secret/+", None)
    day_ms, last_ms = 86_400_000, 1_790_035_199_999  # of a day
    signer = Signer(access, "/x", {"host": "a"})
    signed = [signer.headers(b"{}", at_ms) for at_ms in (last_ms, last_ms + 1, last_ms + day_ms, last_ms)]
    assert [one["x-amz-date"][8:] for one in signed] == ["T235959Z", "T000000Z", "T235959Z", "T235959Z"]
    fresh = [Signer(access, "/x", {"host": "a"}).headers(b"{}", at_ms) for at_ms in (last_ms, last_ms + 1)]
    assert signed[:2] == fresh
    assert signed[1]["x-amz-date"][:8] == signed[2]["x-amz-date"][:8]
    assert signed[3] == signed[0]
