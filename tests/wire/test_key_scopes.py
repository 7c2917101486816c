"""Limited access keys: every action by every kind of key, to queues in its scope and out of it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from karin.access_keys import ACTIONS as WORDS
from karin.wsgi.actions import ACTIONS
from karin.wsgi.scopes import ALLOWED
from tests.processes import running_endpoint
from tests.wire.good_requests import QUEUE_SCOPED, World, arn, flattened, good_request, path_of
from tests.wire.raw import FORM_TYPE, JSON_TYPE, Answer, ask_json, query
from tests.wire.sdk import ACCESS_DENIED, ACCOUNT, Protocol
from tests.wire.signing import Request, sign

SECRET = "a-secret:with-a-colon"
MINE = "work|dead|moved|plain|new|mine-*"
KEYS = ",".join(
    f"{word.upper()}{side}:{SECRET}:{word}:{queues}"
    for word in WORDS
    for side, queues in (("IN", MINE), ("OUT", "other-*|wor|worker|works*"))
)
MANY = {"all"}
MAY: dict[str, set[str]] = {
    "AddPermission": MANY,
    "CancelMessageMoveTask": MANY,
    "ChangeMessageVisibility": MANY | {"receive"},
    "ChangeMessageVisibilityBatch": MANY | {"receive"},
    "CreateQueue": MANY,
    "DeleteMessage": MANY | {"receive"},
    "DeleteMessageBatch": MANY | {"receive"},
    "DeleteQueue": MANY,
    "GetQueueAttributes": {*WORDS},
    "GetQueueUrl": {*WORDS},
    "ListDeadLetterSourceQueues": MANY | {"read"},
    "ListMessageMoveTasks": MANY | {"read"},
    "ListQueueTags": MANY | {"read"},
    "ListQueues": {*WORDS},
    "PurgeQueue": MANY,
    "ReceiveMessage": MANY | {"receive"},
    "RemovePermission": MANY,
    "SendMessage": MANY | {"send"},
    "SendMessageBatch": MANY | {"send"},
    "SetQueueAttributes": MANY,
    "StartMessageMoveTask": MANY,
    "TagQueue": MANY,
    "UntagQueue": MANY,
}
SUBJECTS = {"CreateQueue": "new", "StartMessageMoveTask": "dead", "DeleteQueue": "plain"} | dict.fromkeys(
    ("ListMessageMoveTasks", "CancelMessageMoveTask"), "moved"
)  # of a good request
SUBJECTS["ListDeadLetterSourceQueues"] = "dead"


@pytest.fixture(scope="module")
def scoped_url(private_store_url: str) -> Iterator[str]:
    """Run an endpoint whose keys are all limited."""
    with running_endpoint(private_store_url, KARIN_ACCESS_KEYS=KEYS) as url:
        yield url


def ask(
    url: str, key_id: str, action: str, parameters: dict[str, Any], protocol: Protocol = "json", path: str = "/"
) -> Answer:
    """Ask with a key."""
    if protocol == "json":
        headers, body = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"AmazonSQS.{action}"}, json.dumps(parameters)
    else:
        headers, body = {"Content-Type": FORM_TYPE}, urlencode(query(action) | flattened(action, parameters))
    request = Request("POST", path, headers, body.encode())
    return sign(request, url, key_id=key_id, secret=SECRET).send(url)


def denial(key_id: str, action: str, resource: str) -> str:
    """Return what AWS says."""
    asked = f"sqs:{action.removesuffix('Batch').lower()}"
    return (
        f"User: arn:aws:iam::{ACCOUNT}:user/{key_id} is not authorized to perform: {asked} on resource: {resource}"
        f" because no identity-based policy allows the {asked} action"
    )


def test_it_is_decided_for_every_action_who_may_do_it() -> None:
    assert sorted(MAY) == sorted(ACTIONS)
    assert set().union(*ALLOWED.values()) <= set(ACTIONS)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_limited_key_does_what_its_scope_says_and_nothing_else(
    world: World, scoped_url: str, protocol: Protocol, action: str, word: str
) -> None:
    parameters = good_request(action, world)
    resource = arn(SUBJECTS.get(action, "work"))
    inside, outside = f"{word.upper()}IN", f"{word.upper()}OUT"

    beyond = ask(scoped_url, outside, action, parameters, protocol)
    if action == "ListQueues":
        assert (beyond.status, b"QueueUrl" in beyond.body) == (200, False)
    else:
        assert beyond.check(ACCESS_DENIED) == denial(outside, action, resource)
    within = ask(scoped_url, inside, action, parameters, protocol)
    if word in MAY[action]:
        assert within.status == 200, within
    else:
        assert within.check(ACCESS_DENIED) == denial(inside, action, resource)


@pytest.mark.parametrize("action", QUEUE_SCOPED)
def test_the_queue_of_the_path_is_limited_as_well(world: World, scoped_url: str, action: str) -> None:
    parameters = good_request(action, world, names_queue=False)

    answer = ask(scoped_url, "ALLOUT", action, parameters, path=path_of(action))

    assert answer.check(ACCESS_DENIED) == denial("ALLOUT", action, arn(SUBJECTS.get(action, "work")))


@pytest.mark.parametrize("name", ["work", "nobody", "work.fifo"])
def test_a_key_does_not_learn_which_queues_exist_out_of_its_scope(world: World, scoped_url: str, name: str) -> None:
    answer = ask(scoped_url, "SENDOUT", "GetQueueUrl", {"QueueName": name})

    assert answer.check(ACCESS_DENIED) == denial("SENDOUT", "GetQueueUrl", arn(name))


def test_pages_hold_only_queues_in_scope(endpoint: str, scoped_url: str) -> None:
    mine = [f"mine-{number}" for number in range(5)]
    for name in [*mine, "aaa", "mind", "mine", "mine0", "zzz"]:
        assert ask_json(endpoint, "CreateQueue", {"QueueName": name}).status == 200

    pages = []
    parameters: dict[str, Any] = {"MaxResults": 2}
    while True:
        page = ask(scoped_url, "READIN", "ListQueues", parameters).json()
        pages.append([url.rsplit("/", 1)[1] for url in page.get("QueueUrls", [])])
        if not (token := page.get("NextToken")):
            break
        assert token in mine
        parameters["NextToken"] = token

    assert pages == [mine[:2], mine[2:4], mine[4:]]
    everything = ask(scoped_url, "READIN", "ListQueues", {}).json()["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in everything] == mine


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("StartMessageMoveTask", {"SourceArn": arn("dead"), "DestinationArn": arn("source")}),
        ("SetQueueAttributes", {"QueueUrl": "work"}),
        ("CreateQueue", {"QueueName": "new"}),
    ],
)
def test_a_key_sends_no_messages_on_to_queues_out_of_its_scope(
    world: World, scoped_url: str, action: str, parameters: dict[str, Any]
) -> None:
    if action != "StartMessageMoveTask":
        policy = {"deadLetterTargetArn": arn("source"), "maxReceiveCount": 1}
        twice = json.dumps(policy).replace("{", '{"maxReceiveCount":NaN,"deadLetterTargetArn":"arn:x",')
        for text in (json.dumps(policy), twice):
            answer = ask(scoped_url, "ALLIN", action, parameters | {"Attributes": {"RedrivePolicy": text}})
            assert answer.check(ACCESS_DENIED) == denial("ALLIN", action, arn("source"))
    else:
        answer = ask(scoped_url, "ALLIN", action, parameters)
        assert answer.check(ACCESS_DENIED) == denial("ALLIN", action, arn("source"))


def test_sources_out_of_scope_are_not_listed(world: World, scoped_url: str) -> None:
    """``source`` feeds ``moved``, which is in scope."""
    about = {"QueueUrl": "moved"}

    assert ask_json(world.endpoint, "ListDeadLetterSourceQueues", about).json()["queueUrls"]
    assert ask(scoped_url, "READIN", "ListDeadLetterSourceQueues", about).json() == {}


def test_a_request_that_names_no_queue_fails_as_it_does_for_everyone(world: World, scoped_url: str) -> None:
    answer = ask(scoped_url, "SENDIN", "SendMessage", {"MessageBody": "body"})

    assert answer.status == 400
    ask(scoped_url, "READIN", "SendMessage", {"MessageBody": "body"}).check(ACCESS_DENIED)
