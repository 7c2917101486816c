"""Running one of karin's own commands in a process of its own: what it loads is gone again when it has ended."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

import msgspec

from karin.tui.actions.action import DeedFailed

TIMEOUT_SECONDS = 120.0  # a doctor whose AWS is out of reach waits for several answers, one after the other
PREFIX = "karin: "


def run_karin(arguments: Sequence[str], environ: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> str:
    """Run ``karin`` with arguments and return what it printed.

    An exit code that tells of trouble is no failure where JSON was printed: it tells more. Raises DeedFailed with the
    command's own last words, or with what became of it.
    """
    # -P: the folder in which a person stands must not provide modules.
    command = [sys.executable, "-P", "-m", "karin", *arguments]
    name = f"karin {arguments[0]}"
    try:
        ended = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeedFailed(f"{name} was not done after {timeout_seconds:g} s, and was ended") from error
    except OSError as error:
        raise DeedFailed(f"{name} could not be started: {error.strerror}") from error
    if ended.returncode == 0 or _is_json(ended.stdout):
        return ended.stdout
    raise DeedFailed(_last_words(ended.stderr) or _end(name, ended.returncode))


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _last_words(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix(PREFIX) if lines else ""


def _end(name: str, returncode: int) -> str:
    if returncode == -signal.SIGKILL:
        return f"{name} was killed: the machine may have no memory left for it"
    how = f"by signal {-returncode}" if returncode < 0 else f"with exit code {returncode}"
    return f"{name} ended {how} and said nothing"
