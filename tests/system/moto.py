"""A control plane to deploy to: moto's server in a process of its own, and what a deploy tool would do there."""

import io
import re
import subprocess
import sys
import threading
import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3

REGION = "eu-west-1"
ACCOUNT = "123456789012"


@contextmanager
def running_moto() -> Iterator[str]:
    """Run moto's server; yield its URL."""
    program = Path(sys.executable).parent / "moto_server"
    with subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        address = next(
            (found[0] for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line))), ""
        )
        drain = threading.Thread(target=deque, args=(server.stderr, 0))
        drain.start()
        yield address
        server.terminate()
        drain.join()


def empty(url: str) -> None:
    """Forget every deployment, and let everyone in."""
    ask_moto(url, "reset-auth", b"Infinity")
    ask_moto(url, "reset", b"")


def ask_moto(url: str, action: str, body: bytes) -> None:
    """Have moto do what AWS has no call for."""
    # As a form, which is urllib's default, moto would not see the body.
    request = Request(f"{url}/moto-api/{action}", data=body, headers={"Content-Type": "text/plain"})
    with urlopen(request, timeout=20) as answer:
        assert answer.status == 200


class Deployment:
    """What a deploy tool would do: roles, queues, functions and mappings, through real boto3."""

    def __init__(self) -> None:
        self.awslambda = boto3.client("lambda", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.iam = boto3.client("iam", region_name=REGION)
        self.role_arn = self.iam.create_role(RoleName="run", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("app.py", "def handler(event, context):\n    return None\n")
        self.code = archive.getvalue()

    def function(self, name: str, **fields: Any) -> str:
        """Deploy a function; return its ARN."""
        arn = self.awslambda.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=self.role_arn,
            Handler="app.handler",
            PackageType="Zip",
            Code={"ZipFile": self.code},
            **fields,
        )["FunctionArn"]
        assert isinstance(arn, str)
        return arn

    def queue(self, name: str, **attributes: str) -> str:
        """Deploy a queue; return its ARN."""
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def url(self, name: str) -> str:
        """Return a queue's URL."""
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        assert isinstance(url, str)
        return url

    def mapping(self, queue_arn: str, function: str, **fields: Any) -> str:
        """Deploy a mapping, disabled unless told otherwise; return its UUID."""
        uuid = self.awslambda.create_event_source_mapping(
            **{"EventSourceArn": queue_arn, "FunctionName": function, "Enabled": False, **fields}
        )["UUID"]
        assert isinstance(uuid, str)
        return uuid
