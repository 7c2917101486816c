"""Commands that run karin, or a part of it, in the foreground."""

import argparse
import os
import sys
from collections.abc import Mapping

from karin.settings import Settings
from karin.supervisor.children import ENDPOINT, SCHEDULER


def up(_options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Become the supervisor of all of karin."""
    Settings.from_env(environ)
    return _become("-m", "karin.supervisor", environ=environ)


def endpoint(_options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Become gunicorn, which hosts the endpoint."""
    Settings.from_env(environ)
    return _become(*ENDPOINT, environ=environ)


def scheduler(_options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Become a scheduler."""
    Settings.from_env(environ)
    return _become(*SCHEDULER, environ=environ)


def _become(*arguments: str, environ: Mapping[str, str]) -> int:
    """Replace this process: its parent then watches the part itself, and nothing of the command line stays loaded."""
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *arguments], dict(environ))  # noqa: S606 - no shell is meant
