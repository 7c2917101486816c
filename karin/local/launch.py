"""How a function's runtime is started: its command line, its environment variables, and its tie to this process.

Source: "Using Lambda environment variables" (the names every runtime may rely on), prctl(2).
"""

import os
import platform
import secrets
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gevent import subprocess

from karin.local.definition import LATEST, Definition, Function, Python
from karin.local.tether import die_with

BOOTSTRAP = "bootstrap"
SQS_ENDPOINT = "AWS_ENDPOINT_URL_SQS"
SET_HERE = (SQS_ENDPOINT,)  # what a function's file says of these does not matter here
NODE_RUNTIME = Path(__file__).parent / "node" / "runtime.mjs"
# Appended, so that what the function's own Python has comes first; with it comes boto3, which Lambda has as well.
_WITH_AWSLAMBDARIC = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('awslambdaric', None, '__main__', True)"
)


def is_served(runtime: str) -> bool:
    """Tell whether functions of a runtime can be run here."""
    return runtime.startswith(("python", "nodejs", "provided"))


def refusal(function: Function) -> str:
    """Say in one line why a function cannot be run here."""
    return f"function {function.name}: {function.runtime} is not served, only python*, nodejs* and provided*"


def command(function: Function, python: Python | None = None) -> list[str]:
    """Return the command line of a function's runtime."""
    if function.runtime.startswith("python"):
        python = python or Python(sys.executable)
        if python.awslambdaric:
            return [python.executable, "-c", _WITH_AWSLAMBDARIC, python.awslambdaric, function.handler]
        return [python.executable, "-m", "awslambdaric", function.handler]
    if function.runtime.startswith("nodejs"):
        return ["node", str(NODE_RUNTIME)]
    return [str(bootstrap(Path(function.code), function.handler) or Path(function.code) / BOOTSTRAP)]


def bootstrap(code: Path, handler: str) -> Path | None:
    """Return the executable of a custom runtime: ``bootstrap``, or the one that the handler names; None without one."""
    for path in (code / BOOTSTRAP, code / handler):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def environment_variables(
    function: Function, definition: Definition, inherited: Mapping[str, str], runtime_api: str, at_ms: int
) -> dict[str, str]:
    """Return what a runtime finds in its environment.

    The user's own environment comes through (credentials, PATH), but nothing of karin's: a function must not find
    the store. Lambda's reserved names win over the function's own variables. ``runtime_api`` is ``host:port``.
    """
    kept = {name: value for name, value in inherited.items() if not _is_ours(name)}
    day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y/%m/%d")
    reserved = {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{day}/[{LATEST}]{secrets.token_hex(16)}",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_REGION": definition.region,
        "AWS_DEFAULT_REGION": definition.region,
        "LAMBDA_TASK_ROOT": function.code,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": function.handler,
        "TZ": ":UTC",
    }
    if definition.sqs_endpoint:
        reserved |= {
            SQS_ENDPOINT: definition.sqs_endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",  # or SDKs would send to AWS all the same
        }
    if function.runtime.startswith("python"):
        paths = [function.code, function.environment.get("PYTHONPATH", "")]
        reserved["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return kept | function.environment | reserved


def start(arguments: list[str], directory: str, variables: Mapping[str, str], output_fd: int) -> Any:
    """Start a runtime in its own process group, so that it can be ended with all it started; returns its Popen.

    Both its stdout and its stderr go to ``output_fd``. Raises OSError when there is nothing to run.
    """
    parent = os.getpid()
    return subprocess.Popen(
        arguments,
        cwd=directory,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=output_fd,
        stderr=output_fd,
        start_new_session=True,
        preexec_fn=lambda: die_with(parent, signal.SIGKILL),  # there is one thread here: greenlets are none
    )


def architecture() -> str:
    """Return this machine's architecture by Lambda's name for it."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def peak_memory_mb(pid: int) -> int | None:
    """Return the most memory a process has held, in MB, or None when the kernel does not say (proc(5), VmHWM)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    peak_kb = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return None if peak_kb is None else -(-int(peak_kb) // 1024)


def _is_ours(name: str) -> bool:
    return name.startswith("KARIN_") or name in ("REDIS_URL", "PYTHONPATH")
