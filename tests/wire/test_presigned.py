"""Signatures in the URL, made by botocore itself."""

from datetime import timedelta

import pytest

from karin.clock import SystemClock
from karin.store.store import Store
from tests.wire.sdk import (
    ACCOUNT,
    INCOMPLETE_SIGNATURE,
    INVALID_SIGNATURE,
    WORK,
)
from tests.wire.signing import KEY_ID, LIST, MISMATCH, Request, presign, sign


def test_a_presigned_request_is_served(keyed: str) -> None:
    assert presign(LIST, keyed).send(keyed).status == 200
    assert presign(f"/pfx{LIST}", keyed).send(keyed).status == 200
    assert presign(LIST, keyed, token="FwoGZXIvYXdzEXAMPLE").send(keyed).status == 200
    assert presign(LIST, keyed, age=timedelta(minutes=59)).send(keyed).status == 200
    assert presign(LIST, keyed, age=timedelta(minutes=-14)).send(keyed).status == 200


def test_a_presigned_request_may_speak_json_in_its_answer_only_by_a_target(keyed: str) -> None:
    answer = presign("/", keyed, headers={"X-Amz-Target": "AmazonSQS.ListQueues"}).send(keyed)

    assert (answer.status, answer.json()) == (200, {})


def test_a_presigned_message_is_sent_as_it_was_signed(keyed: str, store: Store) -> None:
    assert presign("/?Action=CreateQueue&QueueName=work", keyed).send(keyed).status == 200
    body = "%ED%95%9C%20a%2Bb%26c%3D~%0D%0A"

    answer = presign(f"/{ACCOUNT}/work?Action=SendMessage&MessageBody={body}", keyed).send(keyed)

    assert answer.status == 200
    [received] = store.messages.claim(WORK, SystemClock().now_ms(), most=1, most_bytes=1000).messages
    assert (received.message.body, received.message.sender_id) == ("한 a+b&c=~\r\n", KEY_ID)


def test_a_presigned_request_expires(keyed: str) -> None:
    answer = presign(LIST, keyed, age=timedelta(seconds=70), expires_seconds=60).send(keyed)

    assert 400 <= answer.status < 500
    assert answer.fault()


def test_a_presigned_request_from_the_future_is_refused(keyed: str) -> None:
    presign(LIST, keyed, age=timedelta(minutes=-16)).send(keyed).check(INVALID_SIGNATURE)


@pytest.mark.parametrize("change", [("ListQueues", "DeleteQueue"), ("2012", "2011"), ("/?", "/x?"), ("&Version", "&V")])
def test_a_presigned_request_may_not_be_changed(keyed: str, change: tuple[str, str]) -> None:
    signed = presign(LIST, keyed)

    answer = signed._replace(target=signed.target.replace(*change, 1)).send(keyed)

    assert answer.check(INVALID_SIGNATURE) == MISMATCH


def test_a_presigned_request_with_a_wrong_secret_is_refused(keyed: str) -> None:
    assert presign(LIST, keyed, secret="a-wrong-secret").send(keyed).check(INVALID_SIGNATURE) == MISMATCH


@pytest.mark.parametrize("name", ["Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_a_presigned_request_needs_all_its_parts(keyed: str, name: str) -> None:
    signed = presign(LIST, keyed)

    answer = signed._replace(target=signed.target.replace(f"X-Amz-{name}", f"X-Other-{name}", 1)).send(keyed)

    answer.check(INCOMPLETE_SIGNATURE)


@pytest.mark.parametrize("seconds", ["0", "-1", "604801", "x", "9" * 5000, "٣"], ids=lambda text: ascii(text)[:10])
def test_a_presigned_request_lives_for_a_second_to_a_week(keyed: str, seconds: str) -> None:
    signed = presign(LIST, keyed)
    digits = "".join(f"%{byte:02X}" for byte in seconds.encode()) if not seconds.isascii() else seconds

    answer = signed._replace(target=signed.target.replace("X-Amz-Expires=3600", f"X-Amz-Expires={digits}")).send(keyed)

    answer.check(INCOMPLETE_SIGNATURE)


def test_two_signatures_are_one_too_many(keyed: str) -> None:
    presigned = presign(LIST, keyed)
    signed = sign(Request("GET", LIST, {}, b""), keyed)

    answer = presigned._replace(headers=signed.headers).send(keyed)

    assert answer.fault() == ("SignatureDoesNotMatch",)
    assert answer.text() == ("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
