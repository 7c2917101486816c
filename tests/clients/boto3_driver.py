"""Calls SQS with whichever boto3 is installed. The tests import it; an environment with an older boto3 runs it.

Run as a program it answers each line of stdin, a job, with a line on stdout. A job is a JSON object: ``endpoint``
(null: what the SDK finds by itself), ``key_id``, ``secret``, ``session_token``, ``region``, ``action`` and ``input``.
An answer holds the ``request`` as it was sent and either ``output`` or ``error``. In both, ``{"base64": ...}`` stands
for bytes. It needs nothing but boto3, since it runs where karin is not installed.
"""

import base64
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

LOOPBACK = "127.0.0.1"


class WentElsewhere(Exception):  # noqa: N818 - what happened, as the drivers of all SDKs report it
    """A request was on its way out of this machine, and was stopped."""


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Make one call as users make it, without retries that would hide a fault."""
    seen: dict[str, Any] = {}

    def note(request: Any, **_: Any) -> None:
        content_type = request.headers["Content-Type"]
        seen.update(
            url=request.url, content_type=content_type.decode() if isinstance(content_type, bytes) else content_type
        )
        if urlsplit(request.url).hostname != LOOPBACK:
            raise WentElsewhere(request.url)

    sqs = boto3.client(
        "sqs",
        endpoint_url=job["endpoint"],
        region_name=job["region"],
        aws_access_key_id=job["key_id"],
        aws_secret_access_key=job["secret"],
        aws_session_token=job["session_token"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    sqs.meta.events.register("before-send.sqs", note)
    call = getattr(sqs, xform_name(job["action"]))
    try:
        output = call(**job["input"])
    except sqs.exceptions.QueueDoesNotExist as error:
        return {"request": seen, "error": {**_described(error), "is_queue_does_not_exist": True}}
    except ClientError as error:
        return {"request": seen, "error": {**_described(error), "is_queue_does_not_exist": False}}
    except WentElsewhere as error:
        return {"request": seen, "error": {"name": "WentElsewhere", "message": str(error)}}
    else:
        del output["ResponseMetadata"]
        return {"request": seen, "output": output}
    finally:
        sqs.close()


def _described(error: ClientError) -> dict[str, Any]:
    return {
        "name": type(error).__name__,
        "code": error.response["Error"]["Code"],
        "message": error.response["Error"]["Message"],
        "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
    }


def revived(value: dict[str, Any]) -> Any:
    """Return the bytes that a JSON object stands for, else the object itself."""
    return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value


def _as_json(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line, object_hook=revived)), default=_as_json), flush=True)
