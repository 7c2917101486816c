"""The command ``karin-tui``: finds the running karin and shows it, or says in one line why not.

With a terminal it is the whole application; without one, plain lines with the same views and keys. Exit codes: 0 done,
1 failed, 2 wrong usage; without a terminal and without anybody who types, 1 also when no scheduler is alive.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from karin.finding import NotRunning, Running, find
from karin.settings import SettingsError
from karin.store.connection import StoreUnavailable
from karin.store.schema import NewerStore
from karin.tui.zones import UnknownZone, zone_of
from karin.tui_grammar import tui_parser

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Show the running karin; return the exit code. Errors go to stderr as one line."""
    options = tui_parser().parse_args(arguments)
    try:
        zone = zone_of(options.timezone, environ)
        running = find(environ)
        if options.web:
            return _serve(running, options, environ)
        if options.plain or not _is_terminal(environ):
            from karin.tui.lines.session import run  # noqa: PLC0415 - the whole application does not pay for it

            return run(running, readonly=options.readonly, environ=environ, zone=zone)
    except (SettingsError, UnknownZone) as error:
        return _fail(str(error), EXIT_USAGE)
    except (NotRunning, NewerStore) as error:
        return _fail(str(error), EXIT_FAILED)
    except StoreUnavailable as error:
        return _fail(f"{error}: is karin running? `karin up` starts it", EXIT_FAILED)
    return _show(running, options, environ, zone)


def _is_terminal(environ: Mapping[str, str]) -> bool:
    if "TEXTUAL_DRIVER" in environ:  # a server passes on to a browser what Textual writes
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM") not in (None, "", "dumb")


def _serve(running: Running, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from karin.tui.web.serving import CannotServe, serve  # noqa: PLC0415 - only servers pay for it

    looks = [f"--theme={options.theme}"] if options.theme else []
    passed_on = ["--readonly", *looks] if options.readonly else looks
    try:
        serve(running.settings, environ, options.bind, options=passed_on, timezone=options.timezone)
    except CannotServe as error:
        return _fail(str(error), EXIT_USAGE)


def _show(running: Running, options: argparse.Namespace, environ: Mapping[str, str], zone: tzinfo) -> int:
    from karin.tui.launch import UnknownTheme, show  # noqa: PLC0415 - errors and plain lines do not pay for Textual

    try:
        return show(running, environ, zone, theme=options.theme, readonly=options.readonly, mouse=options.mouse)
    except UnknownTheme as error:
        return _fail(str(error), EXIT_USAGE)


def _fail(text: str, exit_code: int) -> int:
    print(f"karin-tui: {text}", file=sys.stderr)
    return exit_code
