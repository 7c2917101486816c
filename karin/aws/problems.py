"""What goes wrong between karin and AWS, in words a person can act on."""

from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)
from botocore.parsers import ResponseParserError

from karin.mapping.outcome import first_line

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""Everything botocore raises for what AWS, the network or the configuration did."""

THROTTLED_CODES = frozenset({"Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequestsException"})
MISSING_FUNCTION_CODE = "ResourceNotFoundException"
MISSING_QUEUE_CODES = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_WRONG_KEYS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "KMSAccessDeniedException"})


def error_code(error: Exception) -> str:
    """Return AWS's code for an error, or the name of botocore's own."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or http_status(error))
    return type(error).__name__


def http_status(error: ClientError) -> int:
    """Return the HTTP status AWS answered with, 0 when botocore does not tell."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def error_message(error: Exception) -> str:
    """Return an error's own text in one line."""
    if isinstance(error, ClientError):
        text = str(error.response.get("Error", {}).get("Message") or "")
        return "" if text.lstrip().startswith("<") else first_line(text)  # a web server's error page says nothing
    return first_line(str(error))


def explain(error: Exception, action: str) -> str:
    """Return a failed call as one line: what happened and what to do. ``action`` is the IAM action, ``sqs:...``."""
    service = action.partition(":")[0].upper()
    match error:
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
            return f"{error_message(error)}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        case NoConnection() | HTTPClientError():
            return (
                f"no answer from {_endpoint(error)} ({error_code(error)}): check this machine's network, AWS_REGION"
                f" and AWS_ENDPOINT_URL_{service}"
            )
        case ResponseParserError():
            return f"the answer is not AWS's ({error_message(error)}): check AWS_ENDPOINT_URL_{service}"
        case ClientError():
            return _refusal(error, action)
        case _:
            return f"{error_code(error)}: {error_message(error)}"


def _refusal(error: ClientError, action: str) -> str:
    code = error_code(error)
    if code in DENIED_CODES:
        return f"{code}: allow {action}"
    if code == "403":
        return f"HTTP 403: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and allow {action}"
    if code in _WRONG_KEYS:
        return f"{code}: AWS does not accept these credentials, renew AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if code in THROTTLED_CODES:
        return f"{code}: too many requests, try again in a minute"
    if code in MISSING_QUEUE_CODES:
        return f"{code}: deploy the queue or remove its mapping"
    text = error_message(error)
    return f"{code}: {text}" if text else f"HTTP {code}: this endpoint does not answer {action}"


def _endpoint(error: BotoCoreError) -> str:
    url = urlsplit(str(error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or ""))
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}" if url.netloc else "AWS"
