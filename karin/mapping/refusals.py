"""What to do when AWS does not call a function: most refusals concern all of a mapping's messages, a few this batch.

Source: the errors of Invoke in the AWS Lambda API reference. What surely did not run does not count as a try; what may
have run does.
"""

from enum import StrEnum

import msgspec

MOST_REASON_LENGTH = 300  # characters


class Refused(msgspec.Struct, frozen=True):
    """The function was not called, as far as AWS or the network tells.

    ``status`` is 0 when nothing was sent; with ``is_unreached`` because there was no connection, otherwise because of
    what is configured here.
    """

    code: str
    status: int = 0
    message: str = ""
    is_unreached: bool = False
    retry_after_seconds: int | None = None
    request_id: str = ""


class Remedy(StrEnum):
    """What a refusal asks for."""

    AGAIN = "again"  # soon, and less often: it was throttled, or is about to be ready
    PAUSE = "pause"  # the mapping, until someone acts: no call of it would do better
    SMALLER = "smaller"  # with fewer messages
    COUNT = "count"  # as a failed try: it may have run, or it is this batch that is refused


THROTTLED_STATUS = 429
TOO_LARGE_STATUS = 413

WRONG_KEYS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException",
    "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip

_KEYS = "AWS does not accept karin's credentials: renew AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_DENIED = "AWS does not let karin call the function: allow lambda:InvokeFunction on {arn}"
_MISSING = "the function is not there: deploy it, or remove its mapping and say `karin sync`"
_CONFIGURATION = "karin cannot call AWS from here: check AWS_ACCESS_KEY_ID, AWS_REGION and AWS_ENDPOINT_URL_LAMBDA"
_PENDING = "the function is being created or updated: AWS calls it once it is active"
_INACTIVE = "the function was idle for so long that AWS has to prepare it again"
_KEY_OF_FUNCTION = "Lambda cannot decrypt the function's environment: check its KMS key, the key's state and its policy"
_NETWORK_OF_FUNCTION = "Lambda cannot use the function's VPC: check its subnets, their free addresses, security groups"
_FILES_OF_FUNCTION = "Lambda cannot mount the function's file system: check its mount targets and access points"
_CODE_OF_FUNCTION = "the function's code or runtime cannot be used: deploy it again"
_QUOTA = "a quota of the AWS account is used up: see Service Quotas"

_BY_CODE = {
    **dict.fromkeys(WRONG_KEYS, _KEYS),
    "ResourceConflictException": _PENDING,
    "ResourceNotReadyException": _INACTIVE,
    "EFSMountFailureException": _FILES_OF_FUNCTION,
    "InvalidRuntimeException": _CODE_OF_FUNCTION,
    "InvalidZipFileException": _CODE_OF_FUNCTION,
    "NoPublishedVersionException": _CODE_OF_FUNCTION,
    "RuntimeAliasDeletedException": _CODE_OF_FUNCTION,
    "RuntimeVersionDeletedException": _CODE_OF_FUNCTION,
    "ServiceQuotaExceededException": _QUOTA,
}
_BY_BEGINNING = {
    "KMS": _KEY_OF_FUNCTION,
    "EC2": _NETWORK_OF_FUNCTION,
    "ENI": _NETWORK_OF_FUNCTION,
    "InvalidSecurityGroup": _NETWORK_OF_FUNCTION,
    "InvalidSubnet": _NETWORK_OF_FUNCTION,
    "SubnetIPAddress": _NETWORK_OF_FUNCTION,
    "S3FilesMountFailure": _FILES_OF_FUNCTION,
}
_BY_STATUS = {0: _CONFIGURATION, 401: _KEYS, 402: _QUOTA, 403: _DENIED, 404: _MISSING}
_AGAIN_STATUSES = (408, 409, THROTTLED_STATUS)  # not ready in time, in the middle of a change, too many calls


def remedy(refused: Refused) -> Remedy:
    """Return what a refusal asks for."""
    if refused.is_unreached or refused.status == THROTTLED_STATUS:
        return Remedy.AGAIN
    if refused.status == TOO_LARGE_STATUS:
        return Remedy.SMALLER
    if _advice(refused):
        return Remedy.PAUSE
    return Remedy.AGAIN if refused.status in _AGAIN_STATUSES else Remedy.COUNT


def pause_reason(refused: Refused, function_arn: str) -> str:
    """Return in one line why a mapping is paused and what a person can do, with AWS's own words."""
    said = f"{refused.code}: {refused.message}" if refused.message else refused.code
    reason = f"{_advice(refused).format(arn=function_arn)} ({said})"
    return reason if len(reason) <= MOST_REASON_LENGTH else f"{reason[: MOST_REASON_LENGTH - 1]}…"


def _advice(refused: Refused) -> str:
    if refused.code in _BY_CODE:
        return _BY_CODE[refused.code]
    for beginning, advice in _BY_BEGINNING.items():
        if refused.code.startswith(beginning):
            return advice
    return _BY_STATUS.get(refused.status, "")
