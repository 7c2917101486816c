"""One SQS client for the tests, over either protocol: each case is written once and runs through both."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from karin.sqs.names import QueueId

Protocol = Literal["json", "query"]
ACCOUNT = "000000000000"
WORK = QueueId(ACCOUNT, "work")
CORAL = "com.amazon.coral.service"
SQS = "com.amazonaws.sqs"


class Fault(NamedTuple):
    """An error of SQS in both spellings, as recorded from AWS."""

    namespace: str
    shape: str
    code: str
    status: int = 400


QUEUE_DOES_NOT_EXIST = Fault(SQS, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
QUEUE_NAME_EXISTS = Fault(SQS, "QueueNameExists", "QueueAlreadyExists")
QUEUE_DELETED_RECENTLY = Fault(SQS, "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently")
PURGE_IN_PROGRESS = Fault(SQS, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403)
INVALID_HANDLE = Fault(SQS, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404)
OVER_LIMIT = Fault(SQS, "OverLimit", "OverLimit", 403)
EMPTY_BATCH = Fault(SQS, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest")
TOO_MANY_ENTRIES = Fault(SQS, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
IDS_NOT_DISTINCT = Fault(SQS, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
INVALID_ENTRY_ID = Fault(SQS, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId")
BATCH_TOO_LONG = Fault(SQS, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
UNSUPPORTED = Fault(SQS, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")
INVALID_ATTRIBUTE_NAME = Fault(SQS, "InvalidAttributeName", "InvalidAttributeName")
INVALID_ATTRIBUTE_VALUE = Fault(SQS, "InvalidAttributeValue", "InvalidAttributeValue")
INVALID_CONTENTS = Fault(SQS, "InvalidMessageContents", "InvalidMessageContents")
RESOURCE_NOT_FOUND = Fault(SQS, "ResourceNotFoundException", "ResourceNotFoundException", 404)
INVALID_PARAMETER = Fault(CORAL, "InvalidParameterValueException", "InvalidParameterValue")
MISSING_PARAMETER = Fault(CORAL, "MissingRequiredParameterException", "MissingParameter")
INVALID_ACTION = Fault(CORAL, "UnknownOperationException", "InvalidAction")
MALFORMED = Fault(CORAL, "SerializationException", "MalformedInput")
ACCESS_DENIED = Fault(CORAL, "AccessDeniedException", "AccessDenied", 403)
UNKNOWN_KEY = Fault(CORAL, "UnrecognizedClientException", "InvalidClientTokenId", 403)
INVALID_SIGNATURE = Fault(CORAL, "InvalidSignatureException", "SignatureDoesNotMatch", 403)
INCOMPLETE_SIGNATURE = Fault(CORAL, "IncompleteSignatureException", "IncompleteSignature")


@dataclass
class SqsClient:
    """A botocore client that neither checks its input nor tries again, and remembers the last raw answer."""

    protocol: Protocol
    session: botocore.session.Session = field(repr=False)
    endpoint_url: str
    key_id: str = "AKIDEXAMPLE"
    secret: str = "a-secret-of-nobody"
    session_token: str | None = None
    last: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.boto: Any = self.session.create_client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret,
            aws_session_token=self.session_token,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=30),
        )
        self.boto.meta.events.register("response-received.sqs", self._remember)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Call an action, which must succeed; return its result without the metadata."""
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        result: dict[str, Any] = getattr(self.boto, method)(**parameters)
        metadata = result.pop("ResponseMetadata")
        assert metadata["HTTPStatusCode"] == 200
        assert len(metadata["RequestId"]) == 36
        return result

    def refused(self, action: str, fault: Fault, **parameters: Any) -> str:
        """Call an action, which must fail with a fault in this protocol's spelling; return the error's text."""
        try:
            result = self.call(action, **parameters)
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            raised = error
        else:
            raise AssertionError(f"{action} was accepted: {result}")
        seen = response["Error"]
        assert (seen["Code"], seen["Type"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
            fault.code,
            "Sender",
            fault.status,
        ), seen
        if self.protocol == "json":
            body = json.loads(self.last["body"])
            assert body == {"__type": f"{fault.namespace}#{fault.shape}", "message": seen["Message"]}
            assert self.last["headers"]["x-amzn-query-error"] == f"{fault.code};Sender"
        if fault.namespace == SQS:
            assert type(raised).__name__ == fault.shape
        text: str = seen["Message"]
        return text

    def create(self, name: str = "work", **attributes: str) -> str:
        """Create a queue; return its URL."""
        url: str = self.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def attributes(self, url: str) -> dict[str, str]:
        """Return all attributes of a queue."""
        found: dict[str, str] = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    def listed(self, action: str, member: str, most: int, **parameters: Any) -> list[str]:
        """List to the end in pages, none of which may hold more than ``most``; return all that a member listed."""
        seen: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self.call(action, MaxResults=most, **parameters, **token)
            assert page.keys() <= {member, "NextToken"}
            assert len(page[member]) <= most
            seen += page[member]
            if "NextToken" not in page:
                return seen
            token = {"NextToken": page["NextToken"]}

    def close(self) -> None:
        """Close the connections."""
        self.boto.close()

    def _remember(self, response_dict: dict[str, Any], **_: Any) -> None:
        self.last = response_dict


def text(value: str, data_type: str = "String") -> dict[str, str]:
    """Return a message attribute of text, or of another type that is written as text."""
    return {"DataType": data_type, "StringValue": value}
