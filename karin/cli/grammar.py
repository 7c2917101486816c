"""The commands' grammar: what each is called, what it takes, and the help that tells of it.

Each command names the module and the function that run it, and imports neither.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from karin import __version__
from karin.cli import help as layout
from karin.cli.dev_options import add_dev_options
from karin.operations.instants import DURATIONS, UnclearInstant, delay_seconds

EXIT_USAGE = 2
SHELLS = ("bash", "zsh", "fish")
LISTS = ("queues", "mappings")  # names that those scripts ask for
_DESCRIPTION = """\
A queue server that speaks Amazon SQS and calls your Lambda functions when each
message is due."""
_EPILOG = """
exit codes:
  0  done
  1  failed; standard error says why, in one line
  2  wrong usage, or a wrong setting

`karin COMMAND --help` tells what each takes, with examples; `karin up --help`
all environment variables. With keys and live: karin-tui"""
_MAPPING = "its queue, its function, 'queue -> function' or its UUID"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line that leads to its help, which is put together only for who asks for it."""

    command = ""  # whose help this is; "" for that of all

    def format_help(self) -> str:
        """Return the help."""
        self.formatter_class = layout.HelpFormatter
        if not self.command:
            return super().format_help()
        first, self.description = self.description or "", layout.description(self.command, self.description or "")
        self.epilog = layout.epilog(self.command)
        text = super().format_help()
        self.description = first
        return text

    def error(self, message: str) -> NoReturn:
        """End with an error."""
        self.end(f"{message}; `{self.prog} --help` tells more")

    def end(self, message: str) -> NoReturn:
        """End with an error that says all there is to say."""
        self.exit(EXIT_USAGE, f"karin: {message}\n")


class Command(NamedTuple):
    """One command, as help, completion, man page and reference know it."""

    name: str
    group: str
    text: str
    parser: Parser


class Grammar:
    """All commands, in groups as the help shows them."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._group = ""
        self._parser = Parser(
            prog="karin",
            usage="karin [-h] [--version] COMMAND ...",
            description=_DESCRIPTION,
            formatter_class=layout.HelpFormatter,
        )
        self._parser.add_argument("--version", action="version", version=f"karin {__version__}")
        self._subparsers = self._parser.add_subparsers(
            prog="karin", metavar="COMMAND", required=True, parser_class=Parser, help=argparse.SUPPRESS
        )
        self._add_running()
        self._add_looking()
        self._add_doing()
        self._add_keeping()
        self._parser.epilog = "\n".join([*self._listed(), _EPILOG])

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return what a command line says; exits when it says nothing that can be done."""
        if not arguments:
            self._parser.print_help(sys.stderr)
            self._parser.exit(EXIT_USAGE)
        wanted = arguments[0]
        if not wanted.startswith("-") and wanted not in self._subparsers.choices:
            near = difflib.get_close_matches(wanted, self._subparsers.choices, n=1)
            instead = f"did you mean {near[0]}?" if near else "`karin --help` lists them"
            self._parser.end(f"there is no command {wanted}: {instead}")
        return self._parser.parse_args(arguments)

    def _listed(self) -> list[str]:
        lines: list[str] = []
        group = ""
        for command in self.commands:
            if command.group != group:
                lines += ["", f"{command.group}:"] if lines else [f"{command.group}:"]
                group = command.group
            lines.append(f"  {command.name:<11}  {command.text}")
        return lines

    def _command(self, name: str, module: str, function: str, text: str) -> Parser:
        added: Parser = self._subparsers.add_parser(name, description=f"{text[0].upper()}{text[1:]}.")
        added.command = name
        added.set_defaults(run=(module, function), finds_karin=False)
        self.commands.append(Command(name, self._group, text, added))
        return added

    def _speaking(self, name: str, module: str, function: str, text: str) -> Parser:
        """Add a command that is for a karin that runs, and that a script may read."""
        added = self._command(name, module, function, text)
        added.set_defaults(finds_karin=True)
        added.add_argument("--json", action="store_true", help="print JSON for scripts")
        return added

    def _add_running(self) -> None:
        self._group = "run karin"
        self._command("up", "running", "up", "run everything: store, endpoint and scheduler")
        add_dev_options(
            self._command("dev", "dev", "dev", "run a project's own functions here, with karin before them")
        )
        demo = self._command("demo", "demo", "demo", "see two delayed messages arrive on time, without an AWS account")
        demo.add_argument("--keep", action="store_true", help="stay up afterwards and tell how to go on")
        self._command("endpoint", "running", "endpoint", "run the SQS endpoint alone")
        self._command("scheduler", "running", "scheduler", "run a scheduler alone")

    def _add_looking(self) -> None:
        self._group = "look"
        self._speaking("status", "reading", "status", "tell whether karin is alive and what waits")
        self._speaking("queues", "reading", "queues", "list the queues, their messages and when the next is due")
        self._speaking("mappings", "reading", "mappings", "list which queue calls which function")
        self._speaking("functions", "reading", "functions", "list the deployed functions and their URLs")
        text = "look at a queue's messages without receiving any"
        messages = self._speaking("messages", "inspecting", "messages", text)
        messages.add_argument("queue", metavar="QUEUE", help="the queue's name")
        messages.add_argument("shown", metavar="ID", nargs="?", help="show this one whole; its beginning is enough")
        messages.add_argument("--id", metavar="ID", help="the same as ID")
        messages.add_argument("--state", choices=("ready", "delayed", "leased"), help="only those (default: all)")
        _add_limit(messages)
        messages.add_argument("--after", metavar="CURSOR", help="go on where a list ended, which tells the cursor")
        text = "list the last calls of functions, newest first"
        invocations = self._speaking("invocations", "inspecting", "invocations", text)
        invocations.add_argument(
            "wanted", metavar="QUEUE|ID", nargs="?", help="only those of this queue; or all of one, by its id"
        )
        invocations.add_argument("--failed", action="store_true", help="only those that did not succeed")
        _add_limit(invocations)
        invocations.add_argument("--id", metavar="ID", help="show all of this one, with its log and its event")
        text = "find what keeps messages from arriving, and say what to do"
        doctor = self._speaking("doctor", "doctoring", "doctor", text)
        doctor.add_argument(
            "--import", dest="imported", metavar="QUEUE", help="fetch a queue's messages out of the real SQS instead"
        )
        doctor.add_argument("--yes", action="store_true", help="do not ask before importing")

    def _add_doing(self) -> None:
        self._group = "act"
        self._add_send()
        purge = self._speaking("purge", "changing", "purge", "delete all messages of a queue")
        purge.add_argument("queue", metavar="QUEUE", help="the queue's name")
        _add_yes(purge)
        self._add_touching()
        redrive = self._speaking("redrive", "redriving", "redrive", "move dead letters back to where they came from")
        redrive.add_argument("queue", metavar="QUEUE", help="the dead-letter queue's name")
        redrive.add_argument("--to", metavar="QUEUE", help="move them to this queue instead")
        redrive.add_argument("--rate", type=_whole, metavar="N", help="at most so many a second (default: no limit)")
        _add_yes(redrive)
        text = "call a function once more with the event of an invocation"
        replay = self._speaking("replay", "inspecting", "replay", text)
        replay.add_argument("id", metavar="ID", help="the invocation's; the beginning of it is enough")
        _add_yes(replay)
        pause = self._speaking("pause", "pausing", "pause", "hold back a mapping's messages until it is resumed")
        pause.add_argument("mapping", metavar="MAPPING", help=_MAPPING)
        pause.add_argument("--because", default="", metavar="TEXT", help="why, for whoever looks")
        text = "deliver for a mapping again, whoever paused it"
        resume = self._speaking("resume", "pausing", "resume", text)
        resume.add_argument("mapping", metavar="MAPPING", help=_MAPPING)
        sync = self._speaking("sync", "changing", "sync", "read the mappings from AWS anew and tell what changed")
        sync.add_argument("--dry-run", action="store_true", help="only tell what would change")
        serve = self._speaking("serve", "serving", "serve", "deliver for a mapping even while AWS polls it")
        serve.add_argument("mapping", metavar="MAPPING", help=_MAPPING)
        serve.add_argument("--undo", action="store_true", help="deliver for it only while AWS does not poll it")
        _add_yes(serve)

    def _add_keeping(self) -> None:
        self._group = "keep"
        text = "write everything in the store to a file, while karin runs"
        backup = self._speaking("backup", "backing_up", "backup", text)
        backup.add_argument("file", metavar="FILE", help="where to; it is replaced if it is there")
        text = "fill a store with what a backup holds"
        restore = self._speaking("restore", "backing_up", "restore", text)
        restore.add_argument("file", metavar="FILE", help="what `karin backup` wrote")
        restore.add_argument("--replace", action="store_true", help="delete what the store holds before")
        restore.add_argument("--force", action="store_true", help="even while a karin serves the store")
        _add_yes(restore)
        text = "take a queue's messages to the real SQS, or fetch them from there"
        handover = self._speaking("handover", "handing_over", "handover", text)
        handover.add_argument("queue", metavar="QUEUE", help="the queue's name")
        direction = handover.add_mutually_exclusive_group(required=True)
        direction.add_argument("--to-sqs", action="store_true", help="send them there and delete them here")
        direction.add_argument("--from-sqs", action="store_true", help="store them here and delete them there")
        handover.add_argument(
            "--wait", action="store_true", help="stay until none is left, be they in flight or delayed"
        )
        handover.add_argument("--dry-run", action="store_true", help="only tell what there is to move")
        _add_yes(handover)
        text = "print what has a shell complete karin's commands"
        completion = self._command("completion", "completing", "completion", text)
        completion.add_argument("shell", choices=(*SHELLS, *LISTS), metavar="SHELL", help=", ".join(SHELLS))

    def _add_send(self) -> None:
        send = self._speaking("send", "changing", "send", "send a message to a queue")
        send.add_argument("queue", metavar="QUEUE", help="the queue's name")
        send.add_argument("body", metavar="BODY", help="the message; - reads it from standard input")
        send.add_argument(
            "--delay", type=_delay, metavar="DURATION", help=f"from now: {DURATIONS} (default: the queue's own delay)"
        )
        send.add_argument("--group", metavar="NAME", help="its message group; a FIFO queue needs one")
        send.add_argument(
            "--deduplication",
            metavar="ID",
            help="a FIFO queue takes each once in five minutes (default: a new one, or the body's digest)",
        )
        send.add_argument(
            "--attribute", action="append", default=[], metavar="NAME=VALUE", help="a string attribute; may be repeated"
        )

    def _add_touching(self) -> None:
        text = "run a message now, put it off or bring it forward"
        reschedule = self._speaking("reschedule", "rescheduling", "reschedule", text)
        delete = self._speaking("delete", "rescheduling", "delete", "delete one message of a queue")
        for command in (reschedule, delete):
            command.add_argument("queue", metavar="QUEUE", help="the queue's name")
            command.add_argument("id", metavar="ID", help="the message's; the beginning of it is enough")
        when = reschedule.add_mutually_exclusive_group(required=True)
        when.add_argument("--now", action="store_true", help="make it due now")
        when.add_argument("--in", dest="delay", metavar="DURATION", help=f"from now: {DURATIONS}")
        when.add_argument("--at", metavar="TIME", help="14:30, or a date and time such as 2026-11-23T09:00")
        reschedule.add_argument("--yes", action="store_true", help="do not ask although it is in flight")
        _add_yes(delete)


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_whole, default=20, metavar="N", help="at most so many (default: 20)")


def _add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _delay(text: str) -> int | None:
    try:
        return delay_seconds(text)
    except UnclearInstant as error:
        raise argparse.ArgumentTypeError(str(error)) from None
