"""Botocore's SQS model as older SDKs have it: the same shapes and operations, spelt for the Query protocol.

Derived from the installed JSON model when the tests run, so that it never lags behind it.
"""

import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.loaders import Loader

API_VERSION = "2012-11-05"
NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

# What an item of each flattened list is called.
ITEMS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "BinaryList": "BinaryListValue",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
# What an entry of each flattened map is called, and its key and value.
ENTRIES = {
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}
# The errors whose code is not the name of their shape.
CODES = {
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}


def json_model() -> dict[str, Any]:
    """Return the installed botocore's model of SQS."""
    loader = botocore.session.Session().get_component("data_loader")
    model: dict[str, Any] = json.loads(json.dumps(loader.load_service_model("sqs", "service-2")))
    return model


def query_model() -> dict[str, Any]:
    """Return that model in the spelling of the Query protocol."""
    model = json_model()
    metadata = model["metadata"]
    for name in ("jsonVersion", "targetPrefix", "awsQueryCompatible"):
        metadata.pop(name, None)
    metadata.update(protocol="query", protocols=["query"], apiVersion=API_VERSION, xmlNamespace=NAMESPACE)
    for name, shape in model["shapes"].items():
        if shape["type"] == "list":
            shape.update(flattened=True)
            shape["member"]["locationName"] = ITEMS[name]
        elif shape["type"] == "map":
            shape.update(flattened=True)
            _, shape["key"]["locationName"], shape["value"]["locationName"] = ENTRIES[name]
        elif shape.get("exception"):
            shape["error"] = {"code": CODES.get(name, name), "httpStatusCode": 400, "senderFault": True}
    for shape in model["shapes"].values():
        for member in shape.get("members", {}).values():
            if member["shape"] in ENTRIES:
                member["locationName"] = ENTRIES[member["shape"]][0]
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return model


def query_session(folder: Path) -> botocore.session.Session:
    """Return a botocore session whose SQS client speaks the Query protocol; the model is written to a folder."""
    place = folder / "sqs" / API_VERSION
    place.mkdir(parents=True)
    (place / "service-2.json").write_text(json.dumps(query_model()), encoding="utf-8")
    session = botocore.session.Session()
    session.register_component("data_loader", Loader(extra_search_paths=[str(folder)]))
    return session
