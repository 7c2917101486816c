"""A good request of every action, in both spellings, for what holds for all actions alike."""

from collections.abc import Callable
from typing import Any, NamedTuple

import botocore.model
from botocore.serialize import create_serializer

from tests.wire.query_model import json_model, query_model
from tests.wire.sdk import ACCOUNT

MODEL = botocore.model.ServiceModel(json_model())
ACTIONS = sorted(MODEL.operation_names)
VOID = [action for action in ACTIONS if MODEL.operation_model(action).output_shape is None]
_QUERY_MODEL = botocore.model.ServiceModel(query_model())


def input_members(action: str) -> dict[str, Any]:
    """Return the members of an action's request: name -> botocore's shape."""
    shape = MODEL.operation_model(action).input_shape
    return dict(shape.members) if shape else {}


def output_members(action: str) -> dict[str, Any]:
    """Return the members of an action's result: name -> botocore's shape."""
    shape = MODEL.operation_model(action).output_shape
    return dict(shape.members) if shape else {}


QUEUE_SCOPED = [action for action in ACTIONS if "QueueUrl" in input_members(action)]


class World(NamedTuple):
    """An endpoint with a queue ``work`` that has a message in flight, a permission and a tag, and with more queues.

    ``dead`` is the dead-letter queue of ``work``, a task moves messages out of ``moved``, and ``plain`` is just that.
    """

    endpoint: str
    handle: str
    task: str


Parameters = dict[str, Any]
_ABOUT = {"DeleteQueue": "plain", "ListDeadLetterSourceQueues": "dead"}  # the other actions are about ``work``
_GOOD: dict[str, Callable[[World], Parameters]] = {
    "AddPermission": lambda _: {"Label": "new", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]},
    "CancelMessageMoveTask": lambda world: {"TaskHandle": world.task},
    "ChangeMessageVisibility": lambda world: {"ReceiptHandle": world.handle, "VisibilityTimeout": 60},
    "ChangeMessageVisibilityBatch": lambda world: {
        "Entries": [{"Id": "a", "ReceiptHandle": world.handle, "VisibilityTimeout": 60}]
    },
    "CreateQueue": lambda _: {"QueueName": "new", "Attributes": {"DelaySeconds": "5"}, "tags": {"team": "blue"}},
    "DeleteMessage": lambda world: {"ReceiptHandle": world.handle},
    "DeleteMessageBatch": lambda world: {"Entries": [{"Id": "a", "ReceiptHandle": world.handle}]},
    "DeleteQueue": lambda _: {},
    "GetQueueAttributes": lambda _: {"AttributeNames": ["All"]},
    "GetQueueUrl": lambda _: {"QueueName": "work"},
    "ListDeadLetterSourceQueues": lambda _: {},
    "ListMessageMoveTasks": lambda _: {"SourceArn": arn("moved")},
    "ListQueueTags": lambda _: {},
    "ListQueues": lambda _: {"QueueNamePrefix": "w"},
    "PurgeQueue": lambda _: {},
    "ReceiveMessage": lambda _: {
        "MaxNumberOfMessages": 10,
        "VisibilityTimeout": 0,
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    },
    "RemovePermission": lambda _: {"Label": "label"},
    "SendMessage": lambda _: {"MessageBody": "body", "MessageAttributes": {"a": _text("b")}},
    "SendMessageBatch": lambda _: {
        "Entries": [{"Id": "a", "MessageBody": "body"}, {"Id": "b", "MessageBody": "body", "DelaySeconds": 5}]
    },
    "SetQueueAttributes": lambda _: {"Attributes": {"DelaySeconds": "5", "VisibilityTimeout": "60"}},
    "StartMessageMoveTask": lambda _: {"SourceArn": arn("dead")},
    "TagQueue": lambda _: {"Tags": {"team": "blue", "stage": "dev"}},
    "UntagQueue": lambda _: {"TagKeys": ["tag"]},
}


def made_world(endpoint: str, ask: Callable[[str, Parameters], Any]) -> World:
    """Create the queues by asking in some way: action and parameters in, the result out.

    In an empty store there is then one message that nobody holds, too.
    """
    for name in ("dead", "moved", "plain"):
        ask("CreateQueue", {"QueueName": name})
    for name, target in (("work", "dead"), ("source", "moved")):
        policy = f'{{"deadLetterTargetArn":"{arn(target)}","maxReceiveCount":5}}'
        ask("CreateQueue", {"QueueName": name, "Attributes": {"RedrivePolicy": policy}, "tags": {"tag": "value"}})
    ask(
        "AddPermission",
        {"QueueUrl": "work", "Label": "label", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]},
    )
    for body in ("in flight", "ready"):
        attributes = {"a": _text("b"), "blob": {"DataType": "Binary", "BinaryValue": "AQID"}}
        ask("SendMessage", {"QueueUrl": "work", "MessageBody": body, "MessageAttributes": attributes})
    handle = ask("ReceiveMessage", {"QueueUrl": "work"})["Messages"][0]["ReceiptHandle"]
    task = ask("StartMessageMoveTask", {"SourceArn": arn("moved")})["TaskHandle"]
    return World(endpoint, handle, task)


def good_request(action: str, world: World, *, names_queue: bool = True) -> Parameters:
    """Return the parameters of a request that succeeds; without ``names_queue`` the path must tell the queue."""
    parameters = _GOOD[action](world)
    if names_queue and action in QUEUE_SCOPED:
        parameters["QueueUrl"] = _ABOUT.get(action, "work")
    return parameters


def path_of(action: str) -> str:
    """Return the path of the queue that a good request is about."""
    return f"/{ACCOUNT}/{_ABOUT.get(action, 'work')}"


def flattened(action: str, parameters: Parameters) -> dict[str, str]:
    """Return parameters as the Query protocol spells them."""
    serializer = create_serializer("query", include_validation=False)
    body = serializer.serialize_to_request(parameters, _QUERY_MODEL.operation_model(action))["body"]
    return {name: str(value) for name, value in body.items()}


def arn(name: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
