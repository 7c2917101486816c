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
from karin.cli.dev_options import add_dev_options
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

    add_dev_options(command("dev", "dev", "dev", "run a project's own functions here, with karin in front of them"))

    def reading(name: str, module: str, function: str, text: str) -> argparse.ArgumentParser:
        added = command(name, module, function, text)
        added.add_argument("--json", action="store_true", help="print JSON for scripts")
        return added

    reading("status", "reading", "status", "tell whether karin is alive and what waits")
    reading("queues", "reading", "queues", "list the queues with their messages by state and when each is due next")
    reading("mappings", "reading", "mappings", "list which queue calls which function")
    reading("functions", "reading", "functions", "list the deployed functions and their URLs")
    messages = reading("messages", "inspecting", "messages", "look at a queue's messages without receiving any")
    messages.add_argument("queue", metavar="QUEUE", help="the queue's name")
    messages.add_argument("--state", choices=("ready", "delayed", "leased"), help="only those (default: all)")
    messages.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    messages.add_argument("--after", metavar="CURSOR", help="go on where a list ended, which tells the cursor")
    messages.add_argument("--id", metavar="ID", help="show this one whole; the beginning of its id is enough")
    invocations = reading("invocations", "inspecting", "invocations", "list the last calls of functions, newest first")
    invocations.add_argument("queue", metavar="QUEUE", nargs="?", help="only those with messages of this queue")
    invocations.add_argument("--failed", action="store_true", help="only those that did not succeed")
    invocations.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    invocations.add_argument("--id", metavar="ID", help="show all of this one, with its log and its event")
    replay = reading("replay", "inspecting", "replay", "call a function once more with the event of an invocation")
    replay.add_argument("id", metavar="ID", help="the invocation's; the beginning of it is enough")
    replay.add_argument("--yes", action="store_true", help="do not ask")
    sync = reading("sync", "changing", "sync", "read the mappings from AWS anew and tell what changed")
    sync.add_argument("--dry-run", action="store_true", help="only tell what would change")
    serve = reading("serve", "serving", "serve", "deliver for a mapping even while AWS polls it")
    serve.add_argument("mapping", metavar="MAPPING", help="its queue, its function, 'queue -> function' or its UUID")
    serve.add_argument("--undo", action="store_true", help="deliver for it only while AWS does not poll it")
    serve.add_argument("--yes", action="store_true", help="do not ask")
    pause = reading("pause", "pausing", "pause", "hold back a mapping's messages until it is resumed")
    pause.add_argument("mapping", metavar="MAPPING", help="its queue, its function, 'queue -> function' or its UUID")
    pause.add_argument("--because", default="", metavar="TEXT", help="why, for whoever looks")
    resume = reading("resume", "pausing", "resume", "deliver for a mapping again that was paused, by whomever")
    resume.add_argument("mapping", metavar="MAPPING", help="its queue, its function, 'queue -> function' or its UUID")
    doctor = reading("doctor", "doctoring", "doctor", "find what keeps messages from arriving, and say what to do")
    doctor.add_argument(
        "--import", dest="imported", metavar="QUEUE", help="fetch a queue's messages out of the real SQS instead"
    )
    doctor.add_argument("--yes", action="store_true", help="do not ask before importing")
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
