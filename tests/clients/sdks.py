"""Real SDKs behind one face, so that a test is written once and run through each of them."""

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients import boto3_driver
from tests.processes import bare_environ

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".cache" / "clients"  # where `make clients` puts them
REGION = "us-east-1"
KEY_ID, SECRET = "test", "testing-secret"

Job = dict[str, Any]
Answer = dict[str, Any]
Driver = Callable[[Job], Answer]


@dataclass(eq=False)
class SdkError(Exception):
    """An error as an SDK gave it to its user."""

    name: str  # of the exception's class, or JavaScript's ``error.name``
    message: str
    code: str | None = None  # boto3's ``Error.Code``, JavaScript's ``error.Code``
    status: int | None = None
    is_queue_does_not_exist: bool = False  # as ``except`` or ``instanceof`` sees it

    def __str__(self) -> str:
        return f"{self.status} {self.name}: {self.message}"


@dataclass(frozen=True)
class Sdk:
    """One SDK at one version; ``options`` are what its client is made with beyond endpoint, region and keys."""

    name: str
    driver: Driver
    options: Mapping[str, object] = field(default_factory=dict)

    def client(
        self, endpoint: str | None, *, key_id: str = KEY_ID, secret: str = SECRET, session_token: str | None = None
    ) -> "Client":
        """Return a client; without an endpoint the SDK looks for one by itself."""
        keys = {"key_id": key_id, "secret": secret, "session_token": session_token}
        return Client(
            self.driver,
            {"sdk": self.name, "endpoint": endpoint, "region": REGION, "options": dict(self.options), **keys},
        )


@dataclass(frozen=True)
class Client:
    """A client of an SDK, made anew for each call."""

    driver: Driver
    made_with: Job

    def call(self, action: str, **given: Any) -> Answer:
        """Call an action and return its output as the SDK gives it; raises SdkError."""
        answer = self.answer(action, **given)
        if "error" in answer:
            raise SdkError(**answer["error"])
        output: Answer = answer["output"]
        return output

    def answer(self, action: str, **given: Any) -> Answer:
        """Call an action and return all of the answer: the request that was sent, and output or error."""
        return self.driver({**self.made_with, "action": action, "input": given})


@contextmanager
def boto3_of(environment: Path, **variables: str) -> Iterator[Driver]:
    """Run the driver with the boto3 of another environment."""
    with _driver([str(environment / "bin" / "python"), str(HERE / "boto3_driver.py")], **variables) as driver:
        yield driver


@contextmanager
def javascript(**variables: str) -> Iterator[Driver]:
    """Run the driver of the JavaScript SDKs."""
    modules = str(INSTALLED / "node" / "node_modules")
    with _driver(["node", str(HERE / "node" / "driver.js")], NODE_PATH=modules, **variables) as driver:
        yield driver


def lacks(client: str) -> str | None:
    """Say why a client with a folder of its own cannot be driven, None when it can."""
    if (INSTALLED / client / ".done").exists():
        return None
    return f"{client} is not installed: run `make clients`"


def lacks_javascript() -> str | None:
    """Say why the JavaScript SDKs cannot be driven, None when they can."""
    if shutil.which("node") and (INSTALLED / "node" / ".done").exists():
        return None
    return "the JavaScript SDKs are not installed: get Node.js 20 or newer and npm, then run `make clients`"


@contextmanager
def _driver(command: list[str], **variables: str) -> Iterator[Driver]:
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command,
            env=bare_environ(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent", **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def answer(job: Job) -> Answer:
            stdin.write(json.dumps(job, default=_as_json) + "\n")
            stdin.flush()
            line = stdout.readline()
            if not line:
                process.wait()
                errors.seek(0)
                raise AssertionError(f"the driver {command} ended: {errors.read()}")
            answered: Answer = json.loads(line, object_hook=boto3_driver.revived)
            return answered

        yield answer


def _as_json(value: object) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"a job cannot hold {value!r}")
    return {"base64": base64.b64encode(value).decode()}
