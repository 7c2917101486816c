"""The errors of the Lambda API that this service answers with: shape, HTTP status, and whose fault they are.

Source: the Lambda service model of botocore; ``Type`` is ``User`` for errors of the caller, ``Service`` otherwise.
"""

from typing import ClassVar


class LambdaError(Exception):
    """An error that a caller of the Lambda API receives."""

    shape: ClassVar[str]
    status: ClassVar[int] = 400
    fault: ClassVar[str] = "User"
    reason: ClassVar[str | None] = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> dict[str, str]:
        """Return the JSON body AWS sends with this error."""
        body = {"Type": self.fault, "Message": self.message}
        return body | {"Reason": self.reason} if self.reason else body


class FunctionNotFoundError(LambdaError):
    """No function of that name, account and region."""

    shape = "ResourceNotFoundException"
    status = 404

    def __init__(self, arn: str) -> None:
        super().__init__(f"Function not found: {arn}")


class AccessDeniedError(LambdaError):
    """A page of another site made a browser call; nobody else is asked who they are."""

    shape = "AccessDeniedException"
    status = 403

    def __init__(self) -> None:
        super().__init__("Pages of other sites may not call functions here")


class InvalidRequestContentError(LambdaError):
    """The payload is not JSON."""

    shape = "InvalidRequestContentException"


class InvalidParameterValueError(LambdaError):
    """A parameter's value is wrong."""

    shape = "InvalidParameterValueException"


class ValidationError(LambdaError):
    """A parameter does not match the pattern of the API."""

    shape = "ValidationException"


class RequestTooLargeError(LambdaError):
    """The payload is longer than an invocation may carry."""

    shape = "RequestTooLargeException"
    status = 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Request must be smaller than {limit_bytes} bytes for the InvokeFunction operation")


class TooManyRequestsError(LambdaError):
    """As many invocations are running as this service allows at once."""

    shape = "TooManyRequestsException"
    status = 429
    reason = "ConcurrentInvocationLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Rate Exceeded.")


class InvalidRuntimeError(LambdaError):
    """The function's runtime is none that this service can run."""

    shape = "InvalidRuntimeException"
    status = 502


class UnknownOperationError(LambdaError):
    """A path or method that is no operation of this service."""

    shape = "UnknownOperationException"
    status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"{method} {path} is not served here")
