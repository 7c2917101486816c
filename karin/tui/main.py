"""The entry of ``karin-tui``: finds the running karin and shows it, or says in one line why not.

Exit codes: 0 done, 1 failed, 2 wrong usage; as plain text, 1 also when no scheduler is alive.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from karin import __version__
from karin.finding import NotRunning, Running, find
from karin.operations import wording
from karin.operations.status import status
from karin.settings import SettingsError
from karin.store.connection import StoreUnavailable

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
NO_TERMINAL = (
    "karin-tui needs a terminal: `fly ssh console --pty -C karin-tui` gives it one; scripts take `karin status --json`"
)


def entry() -> None:
    """Run in this process and exit."""
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 - the entry of a process


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Show the running karin; return the exit code. Errors go to stderr as one line."""
    parser = argparse.ArgumentParser(
        prog="karin-tui",
        description="See and steer a running karin: queues and mappings, live. ? lists the keys.",
        epilog="The same actions as commands: karin --help",
    )
    parser.add_argument("--version", action="version", version=f"karin {__version__}")
    parser.add_argument("--mouse", action="store_true", help="take the mouse (the terminal then cannot select text)")
    options = parser.parse_args(arguments)
    try:
        running = find(environ)
        if not _is_terminal(environ):
            return _plain(running)
    except SettingsError as error:
        return _fail(str(error), EXIT_USAGE)
    except NotRunning as error:
        return _fail(str(error), EXIT_FAILED)
    except StoreUnavailable as error:
        return _fail(f"{error}: is karin running? `karin up` starts it", EXIT_FAILED)
    return _show(running, mouse=options.mouse)


def _is_terminal(environ: Mapping[str, str]) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM") != "dumb"


def _plain(running: Running) -> int:
    seen = status(running.context, running.settings.sweep_interval_seconds)
    for label, value in wording.status_rows(seen, store=running.store_title, endpoint_url=running.endpoint_url):
        print(f"{label:<10} {value}")
    print(NO_TERMINAL, file=sys.stderr)
    return EXIT_DONE if seen.schedulers_alive else EXIT_FAILED


def _show(running: Running, *, mouse: bool) -> int:
    from karin.tui.actions import StoreActions  # noqa: PLC0415 - errors and plain text do not pay for Textual
    from karin.tui.app import KarinApp  # noqa: PLC0415
    from karin.tui.source import StoreSource  # noqa: PLC0415

    source = StoreSource(running.context, running.settings.sweep_interval_seconds)
    app = KarinApp(
        source,
        StoreActions(running.context, source.read_again),
        running.context.clock,
        store_title=running.store_title,
        endpoint_url=running.endpoint_url,
    )
    # Reports of every mouse movement would travel over SSH, and the terminal's own selection would not work.
    app.run(mouse=mouse)
    source.stop()
    return app.return_code or EXIT_DONE


def _fail(text: str, exit_code: int) -> int:
    print(f"karin-tui: {text}", file=sys.stderr)
    return exit_code
