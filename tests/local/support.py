"""What the tests of the local Lambda service share: a deployment on disk, and clients."""

import http.client
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

FUNCTIONS = Path(__file__).with_name("functions")
ACCOUNT = "000000000000"
REGION = "us-east-1"


def function(name: str, handler: str, **more: object) -> dict[str, object]:
    """Describe a Python function of the handlers under test."""
    return {"name": name, "runtime": "python3.11", "code": "functions", "handler": handler, **more}


def node(name: str, handler: str, **more: object) -> dict[str, object]:
    """Describe a function for Node.js; a name may be the path of a nested export."""
    return {"name": name.replace(".", "-"), "runtime": "nodejs20.x", "code": "functions", "handler": handler, **more}


def write_definition(directory: Path, definition: dict[str, object]) -> Path:
    """Write a definition and the functions' code beside it."""
    code = directory / "functions"
    shutil.copytree(FUNCTIONS, code, ignore=shutil.ignore_patterns("__pycache__"))
    bootstrap = code / "bootstrap"
    runtime = (FUNCTIONS / "runtime.py").read_text(encoding="utf-8")
    bootstrap.write_text(f"#!{sys.executable}\n{runtime}", encoding="utf-8")
    bootstrap.chmod(0o755)
    path = directory / "definition.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    return path


def client(service: str, url: str) -> Any:
    """Return a boto3 client that does not try again; close it after use."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )


def ask(
    url: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, Any, Any]:
    """Send a request without an SDK; returns status, headers and JSON body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is more than a zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
