"""TagQueue, UntagQueue and ListQueueTags."""

from typing import Any

import pytest
import redis

from karin.store import keys
from tests.wire.sdk import INVALID_PARAMETER, MISSING_PARAMETER, WORK, SqsClient

KEYS_SAID = "Tag keys must be between 1 and 128 characters in length."
FIFTY = {f"key-{number}": str(number) for number in range(50)}


def tags(client: SqsClient, url: str) -> dict[str, str]:
    found: dict[str, str] = client.call("ListQueueTags", QueueUrl=url).get("Tags", {})
    return found


def test_without_tags_the_list_has_no_key(client: SqsClient, queue_url: str) -> None:
    assert client.call("ListQueueTags", QueueUrl=queue_url) == {}


def test_tags_of_a_new_queue_are_listed(client: SqsClient) -> None:
    url = client.call("CreateQueue", QueueName="work", tags={"team": "한글 <&>", "empty": ""})["QueueUrl"]

    assert client.call("ListQueueTags", QueueUrl=url) == {"Tags": {"team": "한글 <&>", "empty": ""}}


def test_tags_are_added_and_overwritten(client: SqsClient, queue_url: str) -> None:
    assert client.call("TagQueue", QueueUrl=queue_url, Tags={"team": "blue", "stage": "dev"}) == {}
    client.call("TagQueue", QueueUrl=queue_url, Tags={"team": "red", "Team": "green", "a b:/=+-@": "\r\n"})

    assert tags(client, queue_url) == {"team": "red", "stage": "dev", "Team": "green", "a b:/=+-@": "\r\n"}


def test_tags_are_removed_and_unknown_keys_ignored(client: SqsClient, queue_url: str) -> None:
    client.call("TagQueue", QueueUrl=queue_url, Tags={"team": "blue", "stage": "dev"})

    assert client.call("UntagQueue", QueueUrl=queue_url, TagKeys=["team", "nobody", "Stage"]) == {}
    assert tags(client, queue_url) == {"stage": "dev"}

    client.call("UntagQueue", QueueUrl=queue_url, TagKeys=["stage"])
    assert client.call("ListQueueTags", QueueUrl=queue_url) == {}


def test_tags_change_nothing_else(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    raw.hset(keys.queue(WORK), "modified_at_ms", 1_700_000_000_999)
    before = client.attributes(queue_url)

    client.call("TagQueue", QueueUrl=queue_url, Tags={"VisibilityTimeout": "7", "modified_at_ms": "1"})
    client.call("UntagQueue", QueueUrl=queue_url, TagKeys=["VisibilityTimeout", "DelaySeconds", "created_at_ms"])

    assert client.attributes(queue_url) == before
    assert tags(client, queue_url) == {"modified_at_ms": "1"}


@pytest.mark.parametrize("parameters", [{}, {"Tags": {}}], ids=["absent", "empty"])
def test_tagging_needs_tags(client: SqsClient, queue_url: str, parameters: dict[str, Any]) -> None:
    said = client.refused("TagQueue", MISSING_PARAMETER, QueueUrl=queue_url, **parameters)

    assert said == "The request must contain the parameter Tags."


@pytest.mark.parametrize("parameters", [{}, {"TagKeys": []}], ids=["absent", "empty"])
def test_untagging_needs_keys(client: SqsClient, queue_url: str, parameters: dict[str, Any]) -> None:
    assert client.refused("UntagQueue", INVALID_PARAMETER, QueueUrl=queue_url, **parameters) == KEYS_SAID


@pytest.mark.parametrize("key", ["", "k" * 129], ids=["empty", "long"])
def test_a_key_out_of_its_length_is_refused(client: SqsClient, queue_url: str, key: str) -> None:
    client.call("TagQueue", QueueUrl=queue_url, Tags={"team": "blue"})

    said = client.refused("TagQueue", INVALID_PARAMETER, QueueUrl=queue_url, Tags={"team": "red", key: "x"})
    assert said == KEYS_SAID
    said = client.refused("UntagQueue", INVALID_PARAMETER, QueueUrl=queue_url, TagKeys=["team", key])
    assert said == KEYS_SAID
    assert tags(client, queue_url) == {"team": "blue"}


def test_a_value_out_of_its_length_is_refused(client: SqsClient, queue_url: str) -> None:
    client.call("TagQueue", QueueUrl=queue_url, Tags={"k" * 128: "v" * 256})

    said = client.refused("TagQueue", INVALID_PARAMETER, QueueUrl=queue_url, Tags={"team": "v" * 257})

    assert said == "Tag values must be between 0 and 256 characters in length."
    assert tags(client, queue_url) == {"k" * 128: "v" * 256}


def test_fifty_tags_are_the_most_and_nothing_is_changed_by_more(client: SqsClient, queue_url: str) -> None:
    client.call("TagQueue", QueueUrl=queue_url, Tags=FIFTY)

    for more in ({"key-0": "refused", "one-more": "x"}, {f"other-{number}": "" for number in range(51)}):
        said = client.refused("TagQueue", INVALID_PARAMETER, QueueUrl=queue_url, Tags=more)
        assert said == "Too many tags added for queue work."
    assert tags(client, queue_url) == FIFTY

    client.call("TagQueue", QueueUrl=queue_url, Tags=dict.fromkeys(FIFTY, "overwritten"))
    assert tags(client, queue_url) == dict.fromkeys(FIFTY, "overwritten")
