"""The commands' grammar, and how every failure becomes one line on stderr and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage. Each command's module is imported when it is called: the command line
answers at once, and ``karin endpoint`` does not pay for what ``karin sync`` needs.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence

from karin import __version__
from karin.finding import NotRunning
from karin.settings import SettingsError
from karin.sqs.errors import SqsError
from karin.store.connection import StoreUnavailable

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


class CommandError(Exception):
    """A command failed; the message is one line for a person."""

    exit_code = EXIT_FAILED


class UsageError(CommandError):
    """A command was used wrongly."""

    exit_code = EXIT_USAGE


def entry() -> None:
    """Run the command of this process and exit."""
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 - the entry of a process


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command; return the exit code. Errors go to stderr as one line."""
    options = build_parser().parse_args(arguments)
    module_name, function_name = options.run
    try:
        run = getattr(importlib.import_module(f"karin.cli.{module_name}"), function_name)
        exit_code: int = run(options, environ)
    except SettingsError as error:
        return _fail(str(error), EXIT_USAGE)
    except NotRunning as error:
        return _fail(str(error), EXIT_FAILED)
    except CommandError as error:
        return _fail(str(error), error.exit_code)
    except SqsError as error:
        return _fail(error.message, EXIT_FAILED)
    except StoreUnavailable as error:
        return _fail(f"{error}: is karin running? `karin up` starts it", EXIT_FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILED
    return exit_code


def build_parser() -> argparse.ArgumentParser:
    """Return the grammar of all commands."""
    parser = argparse.ArgumentParser(
        prog="karin",
        description="A queue server that speaks Amazon SQS and calls your Lambda functions when each message is due.",
        epilog="The same actions with keys and live views: karin-tui",
    )
    parser.add_argument("--version", action="version", version=f"karin {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, module: str, function: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.set_defaults(run=(module, function))
        return added

    command("up", "running", "up", "run everything: store (unless REDIS_URL is set), endpoint and scheduler")
    command("endpoint", "running", "endpoint", "run the SQS endpoint alone")
    command("scheduler", "running", "scheduler", "run a scheduler alone")
    demo = command("demo", "demo", "demo", "see two delayed messages reach a local function, without an AWS account")
    demo.add_argument("--keep", action="store_true", help="stay up afterwards and tell how to go on")

    def reading(name: str, module: str, function: str, text: str) -> argparse.ArgumentParser:
        added = command(name, module, function, text)
        added.add_argument("--json", action="store_true", help="print JSON for scripts")
        return added

    reading("status", "reading", "status", "tell whether karin is alive and what waits")
    reading("queues", "reading", "queues", "list the queues with their messages by state and when each is due next")
    reading("mappings", "reading", "mappings", "list which queue calls which function")
    reading("functions", "reading", "functions", "list the deployed functions and their URLs")
    reading("sync", "changing", "sync", "read the mappings from AWS anew")
    send = reading("send", "changing", "send", "send a message to a queue")
    send.add_argument("queue", metavar="QUEUE", help="the queue's name")
    send.add_argument("body", metavar="BODY", help="the message; - reads it from standard input")
    send.add_argument("--delay", type=int, metavar="SECONDS", help="when it is due (default: the queue's own delay)")
    send.add_argument(
        "--attribute", action="append", default=[], metavar="NAME=VALUE", help="a string attribute; may be repeated"
    )
    purge = reading("purge", "changing", "purge", "delete all messages of a queue")
    purge.add_argument("queue", metavar="QUEUE", help="the queue's name")
    purge.add_argument("--yes", action="store_true", help="do not ask")
    redrive = reading("redrive", "redriving", "redrive", "move a dead-letter queue's messages back to their queues")
    redrive.add_argument("queue", metavar="QUEUE", help="the dead-letter queue's name")
    redrive.add_argument("--to", metavar="QUEUE", help="move them to this queue instead")
    redrive.add_argument("--rate", type=int, metavar="N", help="at most so many messages a second (default: no limit)")
    redrive.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _fail(text: str, exit_code: int) -> int:
    print(f"karin: {text}", file=sys.stderr)
    return exit_code
