"""What Terraform's ``aws_sqs_queue`` asks and expects: each step as its provider takes it, with plain SDK calls.

After every change the provider reads the attributes until those it sent are there, six times in a row, and compares
policies as JSON and all else as text; a plan is clean when what it reads again is what the configuration says.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.wire.sdk import ACCOUNT, QUEUE_DOES_NOT_EXIST, SqsClient

REGION = "us-east-1"
READS_IN_A_ROW = 6
POLLS_AFTER_DELETION = 15
JSON_ATTRIBUTES = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def jsonencode(value: object) -> str:
    """Return JSON as Terraform's own function writes it: compact, keys in order, some characters escaped."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@dataclass
class Resource:
    """One ``aws_sqs_queue`` of a configuration, and what the state keeps of it."""

    client: SqsClient
    name: str
    attributes: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def create(self) -> None:
        """Create the queue, wait for its attributes and read it."""
        result = self.client.call("CreateQueue", QueueName=self.name, Attributes=self.attributes, tags=self.tags)
        self.url = result["QueueUrl"]
        self.wait(self.attributes)
        self.assert_clean()

    def update(self, attributes: dict[str, str], tags: dict[str, str]) -> None:
        """Change the queue to another configuration: what is no longer configured is set to an empty string."""
        changes = {name: value for name, value in attributes.items() if self.attributes.get(name) != value}
        changes |= dict.fromkeys(self.attributes.keys() - attributes.keys(), "")
        if changes:
            self.client.call("SetQueueAttributes", QueueUrl=self.url, Attributes=changes)
            self.wait(changes)
        if removed := sorted(self.tags.keys() - tags.keys()):
            self.client.call("UntagQueue", QueueUrl=self.url, TagKeys=removed)
        if set_ := {key: value for key, value in tags.items() if self.tags.get(key) != value}:
            self.client.call("TagQueue", QueueUrl=self.url, Tags=set_)
        self.attributes, self.tags = attributes, tags
        self.assert_clean()

    def wait(self, sent: dict[str, str]) -> None:
        """Read the attributes as often as the provider does; each time what was sent must be there."""
        for _ in range(READS_IN_A_ROW):
            found = self.client.attributes(self.url)
            for name, value in sent.items():
                self.assert_equivalent(name, value, found.get(name, ""))

    def assert_clean(self) -> None:
        """Read the queue and check that a plan has nothing to change."""
        found = self.client.attributes(self.url)
        parts = urlsplit(self.url).path.split("/")
        assert len(parts) == 3
        assert re.fullmatch(r"\d{12}", parts[1])
        assert parts[2] == self.name
        assert found["QueueArn"] == arn(self.name)
        for name, value in self.attributes.items():
            self.assert_equivalent(name, value, found[name])
        assert found.keys().isdisjoint({*JSON_ATTRIBUTES, "KmsMasterKeyId"} - self.attributes.keys())
        assert ("FifoQueue" in found) == self.name.endswith(".fifo")
        assert self.client.call("ListQueueTags", QueueUrl=self.url).get("Tags", {}) == self.tags

    def assert_equivalent(self, name: str, wanted: str, found: str) -> None:
        """Check one attribute as the provider compares it."""
        if name in JSON_ATTRIBUTES and wanted:
            assert json.loads(found) == json.loads(wanted), name
        elif name == "KmsDataKeyReusePeriodSeconds" and not found:
            assert wanted == "300"
        else:
            assert found == wanted, name

    def destroy(self) -> None:
        """Delete the queue and look until it is gone for good; the missing queue is known by its code."""
        self.client.call("DeleteQueue", QueueUrl=self.url)
        for _ in range(POLLS_AFTER_DELETION):
            self.client.refused("GetQueueAttributes", QUEUE_DOES_NOT_EXIST, QueueUrl=self.url, AttributeNames=["All"])
        self.client.refused("DeleteQueue", QUEUE_DOES_NOT_EXIST, QueueUrl=self.url)


def test_a_standard_queue_is_created_changed_and_destroyed(client: SqsClient) -> None:
    queue = Resource(
        client,
        "orders",
        {
            "DelaySeconds": "90",
            "MaximumMessageSize": "262144",
            "MessageRetentionPeriod": "86400",
            "ReceiveMessageWaitTimeSeconds": "10",
            "VisibilityTimeout": "120",
            "SqsManagedSseEnabled": "true",
        },
        {"Environment": "production", "Name": "orders <&> 주문"},
    )
    queue.create()

    changed = {"DelaySeconds": "0", "MaximumMessageSize": "1024", "VisibilityTimeout": "43200"}
    queue.update(queue.attributes | changed, {"Environment": "staging", "Team": "blue"})
    queue.update(queue.attributes | {"ReceiveMessageWaitTimeSeconds": "0"}, {})
    queue.update(queue.attributes, {"Team": "red"})
    queue.destroy()


def test_encryption_is_changed_back_and_forth(client: SqsClient) -> None:
    queue = Resource(client, "secret", {"KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "300"})
    queue.create()
    assert client.attributes(queue.url)["SqsManagedSseEnabled"] == "false"

    queue.update({"KmsMasterKeyId": "alias/mine", "KmsDataKeyReusePeriodSeconds": "86400"}, {})
    # The period is computed where it is not configured: only the key is cleared.
    queue.attributes.pop("KmsDataKeyReusePeriodSeconds")
    queue.update({"SqsManagedSseEnabled": "true"}, {})
    queue.update({"SqsManagedSseEnabled": "false"}, {})
    queue.update({"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/mine"}, {})
    queue.destroy()


def test_a_fifo_queue_of_high_throughput_is_created_changed_and_destroyed(client: SqsClient) -> None:
    queue = Resource(
        client,
        "orders.fifo",
        {
            "FifoQueue": "true",
            "ContentBasedDeduplication": "true",
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
            "SqsManagedSseEnabled": "true",
        },
        {"Environment": "production"},
    )
    queue.create()

    normal = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue", "ContentBasedDeduplication": "false"}
    queue.update(queue.attributes | normal, {})
    queue.update(queue.attributes | {"DeduplicationScope": "messageGroup"}, {})
    queue.update(queue.attributes | {"FifoThroughputLimit": "perMessageGroupId", "DelaySeconds": "5"}, {"a": ""})
    queue.destroy()


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_a_queue_with_dead_letters_and_policies_is_created_changed_and_destroyed(
    client: SqsClient, suffix: str
) -> None:
    kind = {"FifoQueue": "true"} if suffix else {}
    name, dead_name = f"orders{suffix}", f"orders-dead{suffix}"
    allow: dict[str, Any] = {"redrivePermission": "byQueue", "sourceQueueArns": [arn(name)]}
    dead = Resource(client, dead_name, kind | {"RedriveAllowPolicy": jsonencode(allow)})
    dead.create()
    statement = {
        "Sid": "sns <&>",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["sqs:SendMessage"],
        "Resource": arn(name),
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"}},
    }
    queue = Resource(
        client,
        name,
        kind
        | {
            "RedrivePolicy": jsonencode({"deadLetterTargetArn": arn(dead_name), "maxReceiveCount": 4}),
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2),
        },
        {"Environment": "production"},
    )
    queue.create()
    assert client.call("ListDeadLetterSourceQueues", QueueUrl=dead.url) == {"queueUrls": [queue.url]}

    more = jsonencode({"deadLetterTargetArn": arn(dead_name), "maxReceiveCount": 1000})
    queue.update(queue.attributes | {"RedrivePolicy": more}, queue.tags)
    dead.update(kind | {"RedriveAllowPolicy": jsonencode({"redrivePermission": "denyAll"})}, {})
    queue.update(kind | {"Policy": queue.attributes["Policy"]}, queue.tags)
    assert client.call("ListDeadLetterSourceQueues", QueueUrl=dead.url) == {}
    dead.update(dict(kind), {})
    queue.update(queue.attributes | {"RedrivePolicy": more}, {})
    queue.update(dict(kind), {})
    queue.destroy()
    dead.destroy()


def test_the_resource_of_one_policy_alone_reads_what_it_wrote(client: SqsClient) -> None:
    """``aws_sqs_queue_policy`` and its two siblings manage one attribute of a queue that another resource made."""
    dead = Resource(client, "orders-dead", {})
    queue = Resource(client, "orders", {})
    for one in (dead, queue):
        one.create()
    policies = {
        "Policy": jsonencode({"Statement": [], "Version": "2012-10-17"}),
        "RedrivePolicy": jsonencode({"maxReceiveCount": 4, "deadLetterTargetArn": arn("orders-dead")}),
        "RedriveAllowPolicy": jsonencode({"redrivePermission": "denyAll"}),
    }
    for name, policy in policies.items():
        client.call("SetQueueAttributes", QueueUrl=queue.url, Attributes={name: policy})
        found = client.call("GetQueueAttributes", QueueUrl=queue.url, AttributeNames=[name])["Attributes"]
        assert found.keys() == {name}
        assert json.loads(found[name]) == json.loads(policy)
        client.call("SetQueueAttributes", QueueUrl=queue.url, Attributes={name: ""})
        assert client.call("GetQueueAttributes", QueueUrl=queue.url, AttributeNames=[name]) == {}
    queue.assert_clean()
