"""``karin-tui --web``: which address strangers may reach, and the web server in place of this process."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import NoReturn

from karin.settings import DEFAULT_WEB_BIND, WEB_PASSWORD_LENGTH, Settings, SettingsError, is_loopback, parse_address


class CannotServe(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """There will be no server; the message is one line that says why and what to do."""


def serve(
    settings: Settings, environ: Mapping[str, str], bind: str | None, *, options: Sequence[str], timezone: str | None
) -> NoReturn:
    """Become the web server, which gives every browser a karin-tui with ``options`` until INT, TERM or HUP comes.

    Without a ``timezone`` times are shown in each browser's own. Raises SettingsError when strangers would be let in,
    and CannotServe.
    """
    host, port = parse_address(bind or DEFAULT_WEB_BIND, "--bind", DEFAULT_WEB_BIND)
    if settings.web_password is None and not is_loopback(host):
        raise SettingsError(
            f"--bind {bind} would let anyone steer your karin: set KARIN_WEB_PASSWORD to"
            f" {WEB_PASSWORD_LENGTH} characters or more, or bind 127.0.0.1"
        )
    if find_spec("textual_serve") is None:
        raise CannotServe("--web needs textual-serve: pip install 'karin[web]'")
    # A new program: what finding karin has loaded (11 MB) is not needed again. -P: the folder in which a person stands
    # must not provide modules.
    command = [sys.executable, "-P", "-m", "karin.tui.web", host, str(port), timezone or "", *options]
    os.execve(command[0], command, dict(environ))  # noqa: S606 - no shell is meant
