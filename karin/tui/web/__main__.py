"""The process of the web server: ``python -m karin.tui.web HOST PORT TIMEZONE [OPTIONS FOR KARIN-TUI...]``.

``karin-tui --web`` becomes it, and has checked what it is given. TIMEZONE may be empty. Exit codes: 0 ended, 1 failed.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from karin.settings import Settings
from karin.tui.web.server import WebServer

# What stands for every address of a kind -> the kind, and one of them that this machine's own browser can open.
EVERY_ADDRESS = {"0.0.0.0": ("IPv4", "127.0.0.1"), "::": ("IPv6", "::1")}
FOR_THE_SERVER = "KARIN_WEB_PASSWORD"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serve until it is ended; return the exit code. Errors go to stderr as one line."""
    host, port, timezone, *options = arguments
    command = [sys.executable, "-P", "-m", "karin.tui", *options]
    passed_on = {name: value for name, value in environ.items() if name != FOR_THE_SERVER}
    password = Settings.from_env(environ).web_password
    server = WebServer(host, int(port), password, command, passed_on, timezone=timezone)
    try:
        asyncio.run(server.run(announcement(host, port)))
    except OSError as error:
        # asyncio puts several words of its own around what the system said.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        print(f"karin-tui: cannot listen on {host}:{port}: {reason}: choose another with --bind", file=sys.stderr)
        return 1
    return 0


def announcement(host: str, port: str) -> str:
    """Return the line that says where it is."""
    kind, shown = EVERY_ADDRESS.get(host, ("", host))
    url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    reach = f", and on every {kind} address of this machine" if kind else ""
    return f"karin-tui is on {url}{reach} (ctrl-c ends it)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 - the entry of a process
