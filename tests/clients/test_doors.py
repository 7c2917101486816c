"""The ways in, each with real SDKs: a path in front, signatures, the URL token."""

from collections.abc import Callable

import pytest

from karin.sqs.message import Message
from tests.clients.conftest import KEY_ID, SECRET, TOKEN
from tests.clients.sdks import Client, Sdk, SdkError

Stored = Callable[[], dict[str, Message]]


def goes_through(sqs: Client, stored: Stored, sender_id: str) -> str:
    """Create a queue, send to it as programs do, see who is stored as the sender, and return its URL."""
    url = str(sqs.call("CreateQueue", QueueName="work")["QueueUrl"])
    assert sqs.call("GetQueueUrl", QueueName="work")["QueueUrl"] == url
    one = sqs.call("SendMessage", QueueUrl=url, MessageBody="한 통 <&>\r\n")
    two = sqs.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "두 통"}])
    senders = {message_id: message.sender_id for message_id, message in stored().items()}
    assert senders == dict.fromkeys([one["MessageId"], two["Successful"][0]["MessageId"]], sender_id)
    return url


@pytest.mark.parametrize("path", ["/pfx", "/pfx/", "/a/b", "/"])
def test_the_endpoint_may_have_any_path_in_front(
    sdk: Sdk, open_endpoint: str, store_url: str, stored: Stored, path: str
) -> None:
    assert (
        goes_through(sdk.client(open_endpoint + path), stored, sender_id="test") == f"{open_endpoint}/000000000000/work"
    )


@pytest.mark.parametrize("path", ["", "/pfx", "/pfx/"])
def test_a_signature_of_a_known_key_opens(
    sdk: Sdk, keyed_endpoint: str, store_url: str, stored: Stored, path: str
) -> None:
    goes_through(sdk.client(keyed_endpoint + path, key_id=KEY_ID, secret=SECRET), stored, sender_id=KEY_ID)


@pytest.mark.parametrize("path", ["", "/pfx"])
def test_a_wrong_secret_is_refused(sdk: Sdk, keyed_endpoint: str, store_url: str, path: str) -> None:
    stranger = sdk.client(keyed_endpoint + path, key_id=KEY_ID, secret="wrong-secret")
    error = refusal(stranger)
    assert error.status == 403
    assert "The request signature we calculated does not match" in error.message
    assert (error.code or error.name) == "SignatureDoesNotMatch"


def test_an_unknown_key_is_refused(sdk: Sdk, keyed_endpoint: str, store_url: str) -> None:
    error = refusal(sdk.client(keyed_endpoint, key_id="AKIASTRANGER", secret=SECRET))
    assert (error.status, error.code or error.name) == (403, "InvalidClientTokenId")


def test_the_url_token_opens_whatever_keys_the_caller_signs_with(
    sdk: Sdk, token_endpoint: str, store_url: str, stored: Stored
) -> None:
    role = {"key_id": "ASIAROLEOFFUNCTION", "secret": "temporary", "session_token": "IQoJb3JpZ2luX2VjE+/="}
    url = goes_through(sdk.client(f"{token_endpoint}/{TOKEN}", **role), stored, sender_id=role["key_id"])
    assert url == f"{token_endpoint}/{TOKEN}/000000000000/work"


@pytest.mark.parametrize("path", ["", "/", f"/{TOKEN[:-1]}", f"/{TOKEN}x", f"/pfx/{TOKEN}"])
def test_without_the_url_token_the_door_is_shut(sdk: Sdk, token_endpoint: str, store_url: str, path: str) -> None:
    error = refusal(sdk.client(token_endpoint + path))
    assert error.status == 403
    assert "AccessDenied" in (error.code or error.name)


def refusal(sqs: Client) -> SdkError:
    """Return the error that a caller ends in."""
    with pytest.raises(SdkError) as refused:
        sqs.call("CreateQueue", QueueName="work")
    return refused.value
