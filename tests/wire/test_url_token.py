"""The token in the URL, and what strangers meet."""

from datetime import timedelta
from pathlib import Path

import botocore.session
import pytest
import redis

from tests.wire.monitoring import commands
from tests.wire.raw import ask, talk
from tests.wire.sdk import (
    ACCESS_DENIED,
    ACCOUNT,
    INVALID_SIGNATURE,
    Protocol,
)
from tests.wire.signing import LIST, TOKEN, Request, client_of, presign, sign, unsigned


@pytest.mark.parametrize("path", [f"/{TOKEN}", f"/{TOKEN}/", f"/{TOKEN}/{ACCOUNT}/work", f"/{TOKEN}/pfx/"])
def test_the_token_replaces_a_signature(
    tokened: str, protocol: Protocol, session: botocore.session.Session, path: str
) -> None:
    client = client_of(protocol, session, f"{tokened}/{TOKEN}", session_token="FwoGZXIvYXdzEXAMPLE")
    url = client.create("work")
    there = client_of(protocol, session, tokened + path, secret="a-wrong-secret")

    assert there.call("SendMessage", QueueUrl=url, MessageBody="body")["MessageId"]
    assert there.call("GetQueueUrl", QueueName="work") == {"QueueUrl": f"{tokened}/{TOKEN}/{ACCOUNT}/work"}


def test_urls_keep_the_token(tokened: str, protocol: Protocol, session: botocore.session.Session) -> None:
    client = client_of(protocol, session, f"{tokened}/{TOKEN}")

    url = client.create("work")

    assert url == f"{tokened}/{TOKEN}/{ACCOUNT}/work"
    assert client.call("ListQueues") == {"QueueUrls": [url]}
    body = b"Action=SendMessage&MessageBody=body"
    assert ask(url, "POST", url.removeprefix(tokened), body).status == 200
    assert TOKEN not in client.attributes(url)["QueueArn"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/{TOKEN}x/",
        f"/{TOKEN[:-1]}/",
        f"/x/{TOKEN}/",
        f"/{TOKEN.upper()}/",
        f"//{TOKEN}/",
        f"/?token={TOKEN}",
        f"/%20{TOKEN}/",
        "/%FF%FE/",
        f"/{ACCOUNT}/work",
    ],
)
def test_a_wrong_or_missing_token_is_refused(tokened: str, protocol: Protocol, path: str) -> None:
    answer = unsigned(protocol, path).send(tokened)

    said = answer.check(ACCESS_DENIED)
    assert TOKEN not in said


def test_a_signature_does_not_replace_the_token(tokened: str, protocol: Protocol) -> None:
    sign(unsigned(protocol), tokened).send(tokened).check(ACCESS_DENIED)


def test_either_the_token_or_a_signature_opens_an_endpoint_with_both(both: str, protocol: Protocol) -> None:
    assert unsigned(protocol, f"/{TOKEN}/").send(both).status == 200
    assert sign(unsigned(protocol), both).send(both).status == 200
    unsigned(protocol).send(both).check(ACCESS_DENIED)
    unsigned(protocol, "/another-token-0123456/").send(both).check(ACCESS_DENIED)
    sign(unsigned(protocol), both, secret="a-wrong-secret").send(both).check(INVALID_SIGNATURE)


def test_urls_carry_the_token_only_to_those_who_came_by_it(
    both: str, protocol: Protocol, session: botocore.session.Session
) -> None:
    by_token = client_of(protocol, session, f"{both}/{TOKEN}", secret="a-wrong-secret")
    by_signature = client_of(protocol, session, both)

    assert by_token.create("work") == f"{both}/{TOKEN}/{ACCOUNT}/work"
    assert by_signature.call("GetQueueUrl", QueueName="work") == {"QueueUrl": f"{both}/{ACCOUNT}/work"}


def test_the_endpoint_does_not_write_its_token_down(tokened: str, token_log: Path) -> None:
    path = f"/{TOKEN}/".encode()
    for request in (
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\r\n",
        b"GET " + path + b"?Action=Nonsense HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        b"GET " + path + b" HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET " + path + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET " + path + b" x HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        talk(tokened, request)

    assert TOKEN not in token_log.read_text(encoding="utf-8")


def test_a_stranger_never_reaches_the_store(keyed: str, tokened: str, raw: redis.Redis, protocol: Protocol) -> None:
    request = unsigned(protocol)
    with commands(raw) as seen:
        request.send(keyed)
        request.send(tokened)
        sign(request, keyed, secret="a-wrong-secret").send(keyed)
        sign(request, keyed, key_id="AKIDOFNOBODY").send(keyed)
        sign(request, keyed, age=timedelta(minutes=16)).send(keyed)
        presign(LIST, keyed, secret="a-wrong-secret").send(keyed)
        unsigned(protocol, "/another-token-0123456/").send(tokened)

    assert seen == []


def test_a_stranger_does_not_learn_which_actions_or_forms_are_good(keyed: str) -> None:
    for method, target, headers, body in (
        ("POST", "/", {"X-Amz-Target": "AmazonSQS.Nonsense"}, b"{}"),
        ("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessage"}, b"{"),
        ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=%FF"),
        ("GET", "/?Action=Nonsense", {}, b""),
        ("GET", "/", {}, b""),
    ):
        Request(method, target, headers, body).send(keyed).check(ACCESS_DENIED)
