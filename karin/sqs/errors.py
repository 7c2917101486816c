"""The errors of the SQS API, each with both of its spellings and its HTTP status.

One class per error: ``shape`` is the name in the JSON protocol, ``namespace`` what stands before its ``#``, ``code``
the name in the Query protocol and in batch results. Texts come from the caller, because AWS words them by case.
Sources: the SQS service model of botocore, AWS's "Common error types", and recordings of the live service.
"""

from typing import ClassVar

SQS = "com.amazonaws.sqs"
CORAL = "com.amazon.coral.service"


class SqsError(Exception):
    """An error that a caller of the SQS API receives."""

    namespace: ClassVar[str] = SQS
    shape: ClassVar[str]
    code: ClassVar[str]
    status: ClassVar[int] = 400
    is_sender_fault: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def query_message(self) -> str:
        """Return the text in the Query protocol, where AWS words it differently."""
        return self.message


class QueueDoesNotExist(SqsError):
    """No such queue."""

    shape = "QueueDoesNotExist"
    code = "AWS.SimpleQueueService.NonExistentQueue"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")

    @property
    def query_message(self) -> str:
        """Return the older text, which the Query protocol keeps."""
        return "The specified queue does not exist for this wsdl version."


class QueueNameExists(SqsError):
    """A queue of that name exists with other attributes."""

    shape = "QueueNameExists"
    code = "QueueAlreadyExists"


class QueueDeletedRecently(SqsError):
    """A queue of that name was deleted less than a minute ago."""

    shape = "QueueDeletedRecently"
    code = "AWS.SimpleQueueService.QueueDeletedRecently"

    def __init__(self) -> None:
        super().__init__(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(SqsError):
    """The queue was purged less than a minute ago."""

    shape = "PurgeQueueInProgress"
    code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    status = 403

    def __init__(self, queue_name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {queue_name} is allowed every 60 seconds.")


class OverLimit(SqsError):
    """Some quota is used up."""

    shape = "OverLimit"
    code = "OverLimit"
    status = 403


class ReceiptHandleIsInvalid(SqsError):
    """A receipt handle that was not given out for this queue."""

    shape = "ReceiptHandleIsInvalid"
    code = "ReceiptHandleIsInvalid"
    status = 404

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class EmptyBatchRequest(SqsError):
    """A batch without entries."""

    shape = "EmptyBatchRequest"
    code = "AWS.SimpleQueueService.EmptyBatchRequest"


class TooManyEntriesInBatchRequest(SqsError):
    """A batch of more than ten."""

    shape = "TooManyEntriesInBatchRequest"
    code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"


class BatchEntryIdsNotDistinct(SqsError):
    """Two entries of a batch share an id."""

    shape = "BatchEntryIdsNotDistinct"
    code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"


class InvalidBatchEntryId(SqsError):
    """An entry id with characters it may not have."""

    shape = "InvalidBatchEntryId"
    code = "AWS.SimpleQueueService.InvalidBatchEntryId"


class BatchRequestTooLong(SqsError):
    """The entries of a batch are too long together."""

    shape = "BatchRequestTooLong"
    code = "AWS.SimpleQueueService.BatchRequestTooLong"


class UnsupportedOperation(SqsError):
    """Something SQS has no use for."""

    shape = "UnsupportedOperation"
    code = "AWS.SimpleQueueService.UnsupportedOperation"


class InvalidAttributeName(SqsError):
    """An unknown queue attribute, or one that this queue cannot have."""

    shape = "InvalidAttributeName"
    code = "InvalidAttributeName"


class InvalidAttributeValue(SqsError):
    """A queue attribute out of its range."""

    shape = "InvalidAttributeValue"
    code = "InvalidAttributeValue"


class InvalidMessageContents(SqsError):
    """A message body with characters outside what XML allows."""

    shape = "InvalidMessageContents"
    code = "InvalidMessageContents"


class InvalidParameterValue(SqsError):
    """A parameter's value is wrong."""

    namespace = CORAL
    shape = "InvalidParameterValueException"
    code = "InvalidParameterValue"


class MissingParameter(SqsError):
    """A parameter is missing."""

    namespace = CORAL
    shape = "MissingRequiredParameterException"
    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidAction(SqsError):
    """No such action here."""

    namespace = CORAL
    shape = "UnknownOperationException"
    code = "InvalidAction"


class MalformedInput(SqsError):
    """A request that cannot be read."""

    namespace = CORAL
    shape = "SerializationException"
    code = "MalformedInput"


class ResourceNotFound(SqsError):
    """What the ARN or handle of a message move task names does not exist."""

    shape = "ResourceNotFoundException"
    code = "ResourceNotFoundException"
    status = 404


class RequestTooLarge(SqsError):
    """A request beyond any legal message."""

    namespace = CORAL
    shape = "RequestEntityTooLargeException"
    code = "RequestEntityTooLarge"
    status = 413


class AccessDenied(SqsError):
    """No credentials, or none that may do this."""

    namespace = CORAL
    shape = "AccessDeniedException"
    code = "AccessDenied"
    status = 403


class UnrecognizedClient(SqsError):
    """An access key that this server does not know."""

    namespace = CORAL
    shape = "UnrecognizedClientException"
    code = "InvalidClientTokenId"
    status = 403


class InvalidSignature(SqsError):
    """A signature that does not match, or is out of its time."""

    namespace = CORAL
    shape = "InvalidSignatureException"
    code = "SignatureDoesNotMatch"
    status = 403


class IncompleteSignature(SqsError):
    """An Authorization header that cannot be read."""

    namespace = CORAL
    shape = "IncompleteSignatureException"
    code = "IncompleteSignature"


class InternalFailure(SqsError):
    """A fault of this server; clients try again."""

    namespace = CORAL
    shape = "InternalFailure"
    code = "InternalFailure"
    status = 500
    is_sender_fault = False


class ServiceUnavailable(SqsError):
    """The store does not answer just now; clients try again."""

    namespace = CORAL
    shape = "ServiceUnavailableException"
    code = "ServiceUnavailable"
    status = 503
    is_sender_fault = False
