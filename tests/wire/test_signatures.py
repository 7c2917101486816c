"""Signatures in headers, made by botocore itself."""

import hashlib
from datetime import timedelta

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karin.clock import SystemClock
from karin.store.store import Store
from tests.wire.sdk import (
    ACCESS_DENIED,
    ACCOUNT,
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE,
    UNKNOWN_KEY,
    WORK,
    Protocol,
)
from tests.wire.signing import (
    KEY_ID,
    MISMATCH,
    REGION,
    Request,
    client_of,
    sign,
    unsigned,
)


@pytest.mark.parametrize("path", ["", "/", "/pfx", "/pfx/", "/pfx//x/../y", "/p%20f~x", f"/{ACCOUNT}/work"])
def test_a_client_with_the_right_secret_is_served_at_any_path(
    keyed: str, protocol: Protocol, session: botocore.session.Session, store: Store, path: str
) -> None:
    client_of(protocol, session, keyed).create("work")
    client = client_of(protocol, session, keyed + path)

    client.call("SendMessage", QueueUrl=f"{keyed}/{ACCOUNT}/work", MessageBody="한글 <&> + %")

    [received] = store.messages.claim(WORK, SystemClock().now_ms(), most=1, most_bytes=1000).messages
    assert received.message.sender_id == KEY_ID
    client.close()


def test_every_key_has_its_own_secret(keyed: str, protocol: Protocol, session: botocore.session.Session) -> None:
    client_of(protocol, session, keyed, key_id="OTHER", secret="another-secret").call("ListQueues")
    client_of(protocol, session, keyed, key_id="OTHER").refused("ListQueues", INVALID_SIGNATURE)


def test_a_session_token_beside_a_known_key_is_ignored(
    keyed: str, protocol: Protocol, session: botocore.session.Session
) -> None:
    client_of(protocol, session, keyed, session_token="FwoGZXIvYXdzEXAMPLE").call("ListQueues")


def test_a_client_with_a_wrong_secret_is_refused(
    keyed: str, protocol: Protocol, session: botocore.session.Session
) -> None:
    client = client_of(protocol, session, keyed, secret="a-wrong-secret")

    assert client.refused("CreateQueue", INVALID_SIGNATURE, QueueName="work") == MISMATCH


def test_a_client_with_an_unknown_key_is_refused(
    keyed: str, protocol: Protocol, session: botocore.session.Session
) -> None:
    client = client_of(protocol, session, keyed, key_id="AKIDOFNOBODY")

    said = client.refused("CreateQueue", UNKNOWN_KEY, QueueName="work")
    assert said == "The security token included in the request is invalid."


def test_a_request_without_a_signature_is_refused(keyed: str, protocol: Protocol) -> None:
    unsigned(protocol).send(keyed).check(ACCESS_DENIED)


@pytest.mark.parametrize("path", ["/", "/pfx", "/pfx/", "/a//b/./c/../d", "/a%2Fb", "/%ED%95%9C", "/a+b~c"])
def test_the_path_is_checked_as_it_was_sent(keyed: str, protocol: Protocol, path: str) -> None:
    assert sign(unsigned(protocol, path), keyed).send(keyed).status == 200


def test_a_trailing_slash_is_part_of_what_is_signed(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol, "/pfx/"), keyed)

    assert signed._replace(target="/pfx").send(keyed).check(INVALID_SIGNATURE) == MISMATCH


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_clocks_may_differ_by_a_quarter_of_an_hour(keyed: str, protocol: Protocol, minutes: int) -> None:
    assert sign(unsigned(protocol), keyed, age=timedelta(minutes=minutes)).send(keyed).status == 200


def test_a_signature_of_16_minutes_ago_is_refused(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed, age=timedelta(minutes=16))
    answer = signed.send(keyed)

    assert answer.check(INVALID_SIGNATURE).startswith(
        f"Signature expired: {signed.headers['X-Amz-Date']} is now earlier than "
    )
    assert answer.headers["date"]  # from which clients learn by how much their clock is wrong


def test_a_signature_from_the_future_is_refused(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed, age=timedelta(minutes=-16))

    assert (
        signed.send(keyed)
        .check(INVALID_SIGNATURE)
        .startswith(f"Signature not yet current: {signed.headers['X-Amz-Date']} is still later than ")
    )


@pytest.mark.parametrize("date", ["99991231T235959Z", "00010101T000000Z"])
def test_an_instant_at_the_ends_of_time_is_refused(keyed: str, protocol: Protocol, date: str) -> None:
    signed = sign(unsigned(protocol), keyed)

    signed._replace(headers=signed.headers | {"X-Amz-Date": date}).send(keyed).check(INVALID_SIGNATURE)


@pytest.mark.parametrize("date", ["yesterday", "2026-01-01T00:00:00Z", "20261301T000000Z", "1234567890"])
def test_a_date_of_another_form_is_refused(keyed: str, protocol: Protocol, date: str) -> None:
    signed = sign(unsigned(protocol), keyed)

    answer = signed._replace(headers=signed.headers | {"X-Amz-Date": date}).send(keyed)

    assert answer.check(INCOMPLETE_SIGNATURE).startswith(f"Date must be in ISO-8601 'basic format'. Got '{date}'.")


@pytest.mark.parametrize("part", ["Credential", "SignedHeaders", "Signature"])
def test_a_missing_part_is_named(keyed: str, protocol: Protocol, part: str) -> None:
    signed = sign(unsigned(protocol), keyed)

    answer = signed.signed_otherwise(f"{part}=", "Other=").send(keyed)

    assert answer.check(INCOMPLETE_SIGNATURE).startswith(
        f"Authorization header requires '{part}' parameter. Authorization=AWS4-HMAC-SHA256 "
    )


def test_all_missing_parts_are_named(keyed: str, protocol: Protocol) -> None:
    request = unsigned(protocol)

    answer = request._replace(headers=request.headers | {"Authorization": "AWS4-HMAC-SHA256 x"}).send(keyed)

    assert answer.check(INCOMPLETE_SIGNATURE) == (
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."
        " Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either"
        " a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 x"
    )


@pytest.mark.parametrize(
    "authorization", ["Basic dXNlcjpwYXNz", "AWS AKID:x", "Bearer", "AWS4-ECDSA-P256-SHA256 Credential=x", "x", ""]
)
def test_another_scheme_is_refused(keyed: str, protocol: Protocol, authorization: str) -> None:
    request = unsigned(protocol)

    request._replace(headers=request.headers | {"Authorization": authorization}).send(keyed).check(INCOMPLETE_SIGNATURE)


@pytest.mark.parametrize("credential", ["x", f"{KEY_ID}/sqs/aws4_request", "a/b/c/d/e/f"])
def test_a_credential_has_five_parts(keyed: str, protocol: Protocol, credential: str) -> None:
    signed = sign(unsigned(protocol), keyed)
    scope = signed.headers["Authorization"].partition("Credential=")[2].partition(",")[0]

    answer = signed.signed_otherwise(scope, credential).send(keyed)

    assert answer.check(INCOMPLETE_SIGNATURE).endswith(f"got '{credential}'")


def test_the_parts_may_come_in_any_order_and_without_spaces(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed)
    algorithm, _, rest = signed.headers["Authorization"].partition(" ")
    parts = rest.split(", ")

    for separator in (",", ", ", ",  "):
        authorization = f"{algorithm} {separator.join(reversed(parts))}"
        answer = signed._replace(headers=signed.headers | {"Authorization": authorization}).send(keyed)
        assert answer.status == 200


def test_a_signature_for_another_service_is_refused(keyed: str, protocol: Protocol) -> None:
    answer = sign(unsigned(protocol), keyed, service="lambda").send(keyed)

    assert answer.check(INVALID_SIGNATURE) == "Credential should be scoped to correct service: 'sqs'. "


def test_a_signature_with_another_terminator_is_refused(keyed: str, protocol: Protocol) -> None:
    answer = sign(unsigned(protocol), keyed).signed_otherwise("/aws4_request", "/aws5_request").send(keyed)

    assert answer.check(INVALID_SIGNATURE) == (
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
    )


@pytest.mark.parametrize("region", ["", "a" * 65, "a:b", "\xe9"])
def test_a_signature_for_what_is_no_region_is_refused(keyed: str, protocol: Protocol, region: str) -> None:
    answer = sign(unsigned(protocol), keyed).signed_otherwise(f"/{REGION}/", f"/{region}/").send(keyed)

    assert answer.check(INVALID_SIGNATURE) == "Credential should be scoped to a valid region. "


@pytest.mark.parametrize("region", ["eu-central-1", "local", "us-gov-west-1"])
def test_any_region_may_be_signed_for(keyed: str, protocol: Protocol, region: str) -> None:
    assert sign(unsigned(protocol), keyed, region=region).send(keyed).status == 200


def test_a_scope_of_another_day_is_refused(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed)
    day = signed.headers["X-Amz-Date"][:8]

    answer = signed.signed_otherwise(f"/{day}/", "/20000101/").send(keyed)

    assert answer.check(INVALID_SIGNATURE).startswith(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
    )


def test_the_host_must_be_signed(keyed: str, protocol: Protocol) -> None:
    answer = sign(unsigned(protocol), keyed).signed_otherwise("host;", "").send(keyed)

    assert answer.check(INVALID_SIGNATURE) == "'Host' must be a 'SignedHeader' in the AWS Authorization."


def test_a_host_other_than_the_signed_one_is_refused(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), "http://elsewhere:4000")

    assert signed.send(keyed).check(INVALID_SIGNATURE) == MISMATCH


@pytest.mark.parametrize(
    ("base_url", "forwarded"),
    [
        ("https://karin.example.com", "karin.example.com"),
        ("https://karin.example.com:8443", "karin.example.com:8443"),
        ("https://karin.example.com", "karin.example.com, inner:80"),
    ],
)
def test_a_proxy_may_have_changed_the_host(keyed: str, protocol: Protocol, base_url: str, forwarded: str) -> None:
    signed = sign(unsigned(protocol), base_url)

    proxied = signed._replace(headers=signed.headers | {"X-Forwarded-Host": forwarded, "X-Forwarded-Proto": "https"})

    assert proxied.send(keyed).status == 200


def test_a_proxy_may_have_taken_a_prefix_off_the_path(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol, "/pfx/x"), keyed)

    proxied = signed._replace(target="/x", headers=signed.headers | {"X-Forwarded-Prefix": "/pfx"})

    assert proxied.send(keyed).status == 200


@pytest.mark.parametrize("value", ["a   b  c", "  a b  ", "a\tb", "한글".encode().decode("latin-1"), ""])
def test_spaces_in_a_signed_header_do_not_matter(keyed: str, protocol: Protocol, value: str) -> None:
    request = unsigned(protocol)
    signed = sign(request._replace(headers=request.headers | {"X-Amz-Meta-Note": value.strip()}), keyed)

    assert "x-amz-meta-note" in signed.headers["Authorization"]
    assert signed._replace(headers=signed.headers | {"X-Amz-Meta-Note": value}).send(keyed).status == 200


def test_a_signed_header_may_not_be_changed(keyed: str, protocol: Protocol) -> None:
    request = unsigned(protocol)
    signed = sign(request._replace(headers=request.headers | {"X-Amz-Meta-Note": "a"}), keyed)

    answer = signed._replace(headers=signed.headers | {"X-Amz-Meta-Note": "b"}).send(keyed)

    assert answer.check(INVALID_SIGNATURE) == MISMATCH


def test_the_body_is_part_of_what_is_signed(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed)

    assert signed._replace(body=signed.body + b" ").send(keyed).check(INVALID_SIGNATURE) == MISMATCH


def with_hash(request: Request, digest: str) -> Request:
    return request._replace(headers=request.headers | {"X-Amz-Content-SHA256": digest})


def test_the_hash_of_the_body_may_be_sent_along(keyed: str, protocol: Protocol) -> None:
    request = unsigned(protocol)
    digest = hashlib.sha256(request.body).hexdigest()
    signed = sign(with_hash(request, digest), keyed)

    assert signed.send(keyed).status == 200
    assert signed._replace(body=request.body + b" ").send(keyed).check(INVALID_SIGNATURE) == MISMATCH
    other = hashlib.sha256(request.body + b" ").hexdigest()
    assert with_hash(signed, other).send(keyed).check(INVALID_SIGNATURE) == MISMATCH
    tampered = with_hash(signed, other)._replace(body=request.body + b" ")
    assert tampered.send(keyed).check(INVALID_SIGNATURE) == MISMATCH


@pytest.mark.parametrize("digest", ["UNSIGNED-PAYLOAD", "0" * 64, "한".encode().decode("latin-1")])
def test_a_signed_hash_of_another_body_is_refused(keyed: str, protocol: Protocol, digest: str) -> None:
    signed = sign(with_hash(unsigned(protocol), digest), keyed)

    assert signed.send(keyed).check(INVALID_SIGNATURE) == MISMATCH


@pytest.mark.parametrize("signature", ["0" * 64, "x", "é" * 64], ids=ascii)
def test_a_signature_of_any_other_text_is_refused(keyed: str, protocol: Protocol, signature: str) -> None:
    signed = sign(unsigned(protocol), keyed)
    old = signed.headers["Authorization"].partition("Signature=")[2]

    assert signed.signed_otherwise(old, signature).send(keyed).check(INVALID_SIGNATURE) == MISMATCH


def test_a_session_token_is_signed_like_any_header(keyed: str, protocol: Protocol) -> None:
    signed = sign(unsigned(protocol), keyed, token="FwoGZXIvYXdzEXAMPLE")

    assert "x-amz-security-token" in signed.headers["Authorization"]
    assert signed.send(keyed).status == 200
    changed = signed._replace(headers=signed.headers | {"X-Amz-Security-Token": "other"})
    assert changed.send(keyed).check(INVALID_SIGNATURE) == MISMATCH


mutated = settings(
    max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@mutated
@given(
    is_json=st.booleans(),
    at=st.integers(0, 300),
    cut=st.integers(0, 40),
    put=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=6),
)
def test_any_mutation_of_a_signature_is_refused_or_means_the_same(
    keyed: str, is_json: bool, at: int, cut: int, put: str
) -> None:
    signed = sign(unsigned("json" if is_json else "query"), keyed)
    good = signed.headers["Authorization"]
    at %= len(good)
    changed = (good[:at] + put + good[at + cut :]).strip()

    answer = signed._replace(headers=signed.headers | {"Authorization": changed}).send(keyed)

    assert answer.status in (200, 400, 403)
    if answer.status != 200:
        assert answer.fault()[0] in ("SignatureDoesNotMatch", "IncompleteSignature", "InvalidClientTokenId")
    else:
        assert good.partition("Signature=")[2] in changed
