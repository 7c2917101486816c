"""What ``karin-tui`` takes on its command line. It stands here, for the completion of shells tells of it, too."""

import argparse

from karin import __version__
from karin.settings import DEFAULT_WEB_BIND

DESCRIPTION = """\
See and steer a running karin: queues, messages, invocations and more, live.
? lists the keys."""
EPILOG = """\
exit codes:
  0  done
  1  no karin runs here, or its store does not answer; without a terminal and
     without anybody who types, also when no scheduler is alive
  2  wrong usage, or a wrong setting

environment:
  KARIN_HOME, REDIS_URL   where karin is
  KARIN_WEB_PASSWORD      what --web asks for; without it that binds loopback
  NO_COLOR, COLUMNS, TZ   colours, width of plain lines, time zone

The same actions as commands: karin --help"""


def tui_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog="karin-tui",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"karin {__version__}")
    parser.add_argument("--readonly", action="store_true", help="look, but change nothing")
    parser.add_argument("--plain", action="store_true", help="plain lines, as without a terminal")
    parser.add_argument("--web", action="store_true", help="serve it to browsers, until ctrl-c (needs karin[web])")
    parser.add_argument("--bind", metavar="HOST:PORT", help=f"where --web listens (default: {DEFAULT_WEB_BIND})")
    parser.add_argument("--mouse", action="store_true", help="take the mouse (the terminal then cannot select text)")
    parser.add_argument("--theme", metavar="NAME", help="colours, such as ansi-light or nord (default: the terminal's)")
    parser.add_argument("--timezone", metavar="ZONE", help="show times as in Asia/Seoul, say (default: TZ, or local)")
    return parser
