"""Queue names, ARNs and URLs: how a queue is identified, and nothing about what it holds."""

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import msgspec

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.limits import QUEUE_NAME_LENGTH

FIFO_SUFFIX = ".fifo"
LONG_URL = 400  # characters, beyond which none is kept in memory
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{QUEUE_NAME_LENGTH}}}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[\w.-]+)",
    re.ASCII,
)


class QueueId(msgspec.Struct, frozen=True, order=True):
    """Which queue: the account that owns it and its name. Written ``account/name``."""

    account: str
    name: str

    def __str__(self) -> str:
        return f"{self.account}/{self.name}"

    @property
    def is_fifo(self) -> bool:
        """Tell whether the queue keeps order; SQS decides that by the name's suffix alone."""
        return self.name.endswith(FIFO_SUFFIX)

    def arn(self, region: str) -> str:
        """Return the queue's ARN in a region."""
        return f"arn:aws:sqs:{region}:{self.account}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "QueueId":
        """Read ``account/name`` back; raises ValueError when it is not that."""
        account, slash, name = text.partition("/")
        if not slash or not name:
            raise ValueError(f"{text!r} is not account/name")
        return cls(account, name)


def queue_id_from_arn(arn: str) -> QueueId | None:
    """Return the queue that an SQS ARN names, or None when it is not the ARN of a queue."""
    found = _ARN.fullmatch(arn)
    return QueueId(found["account"], found["name"]) if found else None


def region_from_arn(arn: str) -> str:
    """Return the region part of any ARN, or an empty string."""
    parts = arn.split(":", 5)
    return parts[3] if len(parts) == 6 else ""


def queue_id_from_url(url: str, default_account: str) -> QueueId | None:
    """Return the queue that a QueueUrl means, or None when it names none.

    Only the last one or two path segments count, as on AWS: host, scheme and any path prefix are ignored, and a bare
    queue name is accepted. A last-but-one segment that is no account leaves the name to ``default_account``.
    """
    read = _queue_id_from_url if len(url) <= LONG_URL else _queue_id_from_url.__wrapped__
    return read(url, default_account)


@lru_cache(maxsize=256)  # each request names its queue so
def _queue_id_from_url(url: str, default_account: str) -> QueueId | None:
    try:
        path = urlsplit(url).path
    except ValueError:  # a host that is none, such as an unclosed [
        return None
    segments = [unquote(part) for part in path.split("/") if part]
    if not segments:
        return None
    account = segments[-2] if len(segments) > 1 and _ACCOUNT.fullmatch(segments[-2]) else default_account
    return QueueId(account, segments[-1])


def validate_queue_name(name: str | None, *, fifo: bool) -> str:
    """Return a new queue's name; raises InvalidParameterValue with AWS's own sentence when it is not one."""
    if name is None:
        raise InvalidParameterValue("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
    if not name:
        raise InvalidParameterValue("Queue name cannot be empty")
    if fifo:
        stem = name.removesuffix(FIFO_SUFFIX)
        if stem == name or not _NAME.fullmatch(stem) or len(name) > QUEUE_NAME_LENGTH:
            raise InvalidParameterValue(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores,"
                " must end with .fifo suffix and be 1 to 80 in length"
            )
    elif not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    return name
